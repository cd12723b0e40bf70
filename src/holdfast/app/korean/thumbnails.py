"""Thumbnails: the command, and why there is none."""

from collections.abc import Mapping

THUMBNAIL_WORDS: Mapping[str, str] = {
    "Make a JPEG of what a camera saw at a moment, or several of a range.": (
        "어느 시점에 카메라에 찍힌 화면을 JPEG로 만듭니다. 구간을 지정하면 여러 장을 만듭니다."
    ),
    "of then: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h": (
        "그 시점의 화면. 2026-11-26, '2026-11-26 14:30' 또는 두 시간 전이면 2h"
    ),
    "several, evenly spaced, from then on": "그때부터 고른 간격으로 여러 장",
    "so many of the range, 1 to 1000 (default: 12)": "구간에서 만들 장수. 1~1000 (기본값: 12)",
    "width at most, 16 to 1920 (default: 320)": "최대 너비. 16~1920 (기본값: 320)",
    "file to write, or with --from folder for the files (default: named after the camera and the moment)": (
        "쓸 파일. --from과 함께 쓰면 파일을 넣을 폴더 (기본값: 카메라와 시점에서 딴 이름)"
    ),
    "Thumbnails need the Python package av, which is not there: pip install av": (
        "미리보기 화면을 만들려면 Python 패키지 av가 필요한데 없습니다: pip install av"
    ),
    "Name either one moment with --at, or a range with --from and --to.": (
        "--at으로 한 시점을 지정하거나, --from과 --to로 구간을 지정하십시오."
    ),
    "--to and --count belong to --from: with --at there is one picture.": (
        "--to와 --count는 --from과 함께 씁니다. --at은 한 장만 만듭니다."
    ),
    "--width must be 16 to 1920.": "--width 값은 16~1920이어야 합니다.",
    "--count must be 1 to 1000.": "--count 값은 1~1000이어야 합니다.",
    "{made} of {count} pictures in {path}": "{count}장 중 {made}장을 {path}에 만들었습니다",
    "{path}: the picture of {moment}": "{path}: {moment}의 화면",
    "Thumbnails": "미리보기 화면",
}
"""By the key of `say`."""

_NONE = {
    "A thumbnail is {least} to {most} pixels wide, not {wanted}.": (
        "미리보기 화면의 너비는 {least}~{most}픽셀입니다. {wanted}은(는) 쓸 수 없습니다."
    ),
    "{moment} lies in the future.": "{moment}은(는) 아직 오지 않은 시점입니다.",
    "There is no camera {camera} in this recorder.": "이 녹화기에는 {camera} 카메라가 없습니다.",
    "There is no footage of {camera} at {moment}.": "{camera}의 {moment} 영상이 없습니다.",
    "The nearest footage before it ends at {moment}.": "그 이전의 가장 가까운 영상은 {moment}에 끝납니다.",
    "The nearest footage after it begins at {moment}.": "그 이후의 가장 가까운 영상은 {moment}에 시작합니다.",
    "The file {path} of that moment is missing.": "그 시점의 파일 {path}이(가) 없습니다.",
    "Volume {name}, on which the footage of that moment is, is not known here.": (
        "그 시점의 영상이 있는 볼륨 {name}을(를) 여기서는 알지 못합니다."
    ),
    "Volume {name}, on which the footage of that moment is, is not there.": (
        "그 시점의 영상이 있는 볼륨 {name}이(가) 없습니다."
    ),
    "No picture can be made of {path}: {reason}.": "{path}에서 화면을 만들 수 없습니다. {reason}.",
    "The process that makes pictures says what makes no sense.": "화면을 만드는 프로세스의 응답이 올바르지 않습니다.",
    "{trouble}; it is not tried again for a while": "{trouble}; 한동안 다시 시도하지 않습니다",
    "camera, at_ns (nanoseconds since 1970) and, if it is given, width (pixels) must be there": (
        "camera, at_ns(1970년 이후의 나노초)가 있어야 하고, width를 주려면 픽셀 수여야 합니다"
    ),
    "{count} thumbnails are being made; ask again in a moment": (
        "미리보기 화면 {count}장을 만들고 있습니다. 잠시 뒤에 다시 요청하십시오"
    ),
}
_PROCESS = {
    "the process that makes pictures did not answer within {seconds} s and was ended": (
        "화면을 만드는 프로세스가 {seconds}초 안에 응답하지 않아 종료했습니다"
    ),
    "the process that makes pictures died of it ({what})": "화면을 만드는 프로세스가 이것 때문에 죽었습니다 ({what})",
    "the process that makes pictures ends as soon as it is started": ("화면을 만드는 프로세스가 시작하자마자 끝납니다"),
    "the process that makes pictures cannot be started ({error})": (
        "화면을 만드는 프로세스를 시작할 수 없습니다 ({error})"
    ),
    "it said what makes no sense": "올바르지 않은 응답",
    "signal {number}": "시그널 {number}",
    "exit code {number}": "종료 코드 {number}",
    "{path} cannot be read ({reason})": "{path}을(를) 읽을 수 없습니다 ({reason})",
    "it takes more memory than it may": "허용된 메모리를 넘습니다",
}
_FILES = {
    "the file is cut off in the middle of the picture": "파일이 화면 중간에서 잘려 있습니다",
    "it is no file": "파일이 아닙니다",
    "at {root} there is not the volume that belongs there": "{root}에 있어야 할 볼륨이 없습니다",
    "{path} is no path of a recorded file": "{path}은(는) 녹화 파일의 경로가 아닙니다",
    "there is no whole index": "온전한 색인이 없습니다",
    "says nothing of the video track": "영상 트랙에 관한 내용이 없습니다",
    "has no room for {count} entries, or too much": "항목 {count}개에 맞는 크기가 아닙니다",
    "there is no key frame in it yet": "아직 키 프레임이 없습니다",
    "there is no fragment where the index says": "색인이 가리키는 곳에 프래그먼트가 없습니다",
    "does not begin with the key frame that the index says is there": (
        "색인이 가리키는 키 프레임으로 시작하지 않습니다"
    ),
    "has a key frame of {count} bytes": "키 프레임이 {count}바이트입니다",
    "a fragment is cut off": "프래그먼트가 잘려 있습니다",
    "has nothing of the video track": "영상 트랙의 내용이 없습니다",
    "is no H.264 or H.265 with a configuration for its decoder": "디코더 설정이 있는 H.264 또는 H.265가 아닙니다",
}
_PICTURES = {
    "it cannot be decoded ({what})": "디코딩할 수 없습니다 ({what})",
    "there is no whole picture in it": "온전한 화면이 들어 있지 않습니다",
    "it is larger than {wide}×{high} pixels": "{wide}×{high}픽셀보다 큽니다",
    "a part of it is damaged": "일부가 손상되어 있습니다",
}

THUMBNAILS: Mapping[str, str] = {**_NONE, **_PROCESS, **_FILES, **_PICTURES}
"""By English text or template."""
