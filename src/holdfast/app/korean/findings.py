"""What `holdfast check` finds, and what is wrong with a catalog. English text as it is made, for logs and JSON too."""

from collections.abc import Mapping

_FILES = {
    "{path} is not in the catalog.": "{path}: 카탈로그에 없습니다.",
    "add it to the catalog": "카탈로그에 추가",
    "{path} is in the catalog, and the file is not there.": "{path}: 카탈로그에는 있지만 파일이 없습니다.",
    "mark it as missing": "없음으로 표시",
    "{path} is {what} in the catalog, and the file is whole.": (
        "{path}: 카탈로그에는 '{what}'(으)로 되어 있지만 파일이 온전합니다."
    ),
    "mark it as final": "완료로 표시",
    "{path}: the catalog says {difference}.": "{path}: 카탈로그와 파일이 다릅니다. {difference}.",
    "take over what the file says": "파일의 내용을 카탈로그에 반영",
    "{what}, the file is {what_}": "카탈로그: {what}, 파일: {what_}",
    "{bytes} bytes, the file has {bytes_}": "카탈로그: {bytes}바이트, 파일: {bytes_}바이트",
    "{seconds} s, the file says {seconds_} s": "카탈로그: {seconds}초, 파일: {seconds_}초",
    "it starts at {start} ns, the file says {start_} ns": "카탈로그의 시작: {start} ns, 파일의 시작: {start_} ns",
    "{camera}/{stream}, the file says {camera_}/{stream_}": "카탈로그: {camera}/{stream}, 파일: {camera_}/{stream_}",
    "it is segment {number} of run {run}, the file says {number_} of {run_}": (
        "카탈로그: 연속 녹화 {run}의 세그먼트 {number}, 파일: {run_}의 {number_}"
    ),
    "{path} was not finished ({reason}). {seconds} s of it can be played.": (
        "{path}: 완료되지 않았습니다 ({reason}). {seconds}초를 재생할 수 있습니다."
    ),
    "cut {bytes} bytes at its end and make it final": "끝의 {bytes}바이트를 잘라 내고 파일을 완료",
    "{path} holds nothing that can be played ({reason}).": "{path}: 재생할 수 있는 내용이 없습니다 ({reason}).",
    "rename it to *.damaged, so that it is not mistaken": "혼동되지 않도록 이름을 *.damaged로 변경",
    "{path} was made by a newer release of Holdfast ({reason}). It is left alone; update Holdfast.": (
        "{path}: 더 새로운 버전의 Holdfast가 만든 파일입니다 ({reason}). 그대로 두었습니다. Holdfast를 "
        "업데이트하십시오."
    ),
    "{path} cannot be read ({reason}). Check its permissions and the disk.": (
        "{path}: 읽을 수 없습니다 ({reason}). 권한과 디스크를 확인하십시오."
    ),
    "The folder {path} cannot be read ({reason}). Check its permissions and the disk.": (
        "폴더 {path}: 읽을 수 없습니다 ({reason}). 권한과 디스크를 확인하십시오."
    ),
    "{path} is left alone: it {what}.": "{path}: 그대로 두었습니다. {what}.",
    "is a symbolic link, which is not followed": "심볼릭 링크이므로 따라가지 않습니다",
    "has a name that is not UTF-8": "이름이 UTF-8이 아닙니다",
    "is no folder of a day": "날짜 폴더가 아닙니다",
    "is no segment of Holdfast": "Holdfast의 세그먼트 파일이 아닙니다",
    "was not recorded by Holdfast": "Holdfast가 녹화한 파일이 아닙니다",
    "the file is not final": "파일이 완료되지 않았습니다",
    "the times in its header cannot be true": "헤더의 시각이 사실일 수 없습니다",
    "open": "녹화 중",
    "final": "완료",
    "missing": "없음",
    "damaged": "손상됨",
}

_REPAIR = {
    "{sentence} It could not be mended: {reason}": "{sentence} 복구하지 못했습니다: {reason}",
    "The recorder is running, which may still write it. It mends such files when it starts.": (
        "녹화기가 실행 중이어서 아직 쓰고 있을 수 있습니다. 이런 파일은 녹화기가 시작할 때 복구합니다."
    ),
    "it has no whole fragment": "온전한 조각이 없습니다",
    "the last {count} fragments were not written to the disk": "마지막 조각 {count}개가 디스크에 쓰이지 않았습니다",
    "it has no index": "색인이 없습니다",
    "its header is that of an open file": "헤더가 녹화 중인 파일의 것입니다",
    "{path} has {bytes} bytes now, {bytes_} when its repair was planned": (
        "{path}: 지금은 {bytes}바이트이지만 복구를 계획할 때는 {bytes_}바이트였습니다"
    ),
    "{path} has changed since it was to be set aside": "{path}: 따로 두려던 사이에 바뀌었습니다",
    "{count} damaged files are called {path}": "이름이 {path}인 손상된 파일이 {count}개 있습니다",
}

_CATALOG = {
    "There is no catalog in {path}.": "{path}: 카탈로그가 없습니다.",
    "make it from the files": "파일을 바탕으로 새로 작성",
    "The catalog {path} is damaged ({reason}).": "카탈로그 {path}: 손상되었습니다 ({reason}).",
    "set it aside and make a new one from the files": "따로 두고 파일을 바탕으로 새로 작성",
    "The catalog {path} cannot be written ({reason}). Check its permissions and the disk.": (
        "카탈로그 {path}: 쓸 수 없습니다 ({reason}). 권한과 디스크를 확인하십시오."
    ),
    "{path} is not a folder. Name the folder that recordings were made to.": (
        "{path}: 폴더가 아닙니다. 녹화가 저장된 폴더를 지정하십시오."
    ),
    "{path} cannot be written ({reason}). Check its permissions and the disk.": (
        "{path}: 쓸 수 없습니다 ({reason}). 권한과 디스크를 확인하십시오."
    ),
    "The disk of volume {volume} is not there any more.": "볼륨 {volume}의 디스크가 더 이상 없습니다.",
    "Another repair of {path} is running. Wait until it has ended.": (
        "{path}: 다른 복구가 진행 중입니다. 끝날 때까지 기다리십시오."
    ),
    "The catalog answers too slowly.": "카탈로그의 응답이 너무 느립니다.",
    "{trouble} Check the disk, then run the check again.": "{trouble} 디스크를 확인한 다음 다시 검사하십시오.",
    "The catalog {path} cannot be written: {reason}.": "카탈로그 {path}: 쓸 수 없습니다: {reason}.",
    "There are {count} damaged catalogs beside {path} already. Look at the disk, then remove them.": (
        "{path} 옆에 손상된 카탈로그가 이미 {count}개 있습니다. 디스크를 확인한 다음 삭제하십시오."
    ),
    "There is no catalog at {path}. Make it from the files with `holdfast check DIR --repair`.": (
        "{path}: 카탈로그가 없습니다. `holdfast check DIR --repair`로 파일을 바탕으로 만드십시오."
    ),
    (
        "The catalog {path} is of an older schema ({version}). Start the recorder, or run `holdfast check DIR "
        "--repair`: both bring it up to date."
    ): (
        "카탈로그 {path}: 이전 형식입니다 ({version}). 녹화기를 시작하거나 `holdfast check DIR --repair`를 "
        "실행하면 새 형식으로 바뀝니다."
    ),
    "The catalog {path} is damaged ({reason}). Rebuild it from the files with `holdfast check DIR --repair`.": (
        "카탈로그 {path}: 손상되었습니다 ({reason}). `holdfast check DIR --repair`로 파일을 바탕으로 다시 만드십시오."
    ),
    "The catalog {path} cannot be read ({reason}). Check the disk.": (
        "카탈로그 {path}: 읽을 수 없습니다 ({reason}). 디스크를 확인하십시오."
    ),
    "The catalog {path} cannot be read ({reason}). Check its permissions and the disk, then try again.": (
        "카탈로그 {path}: 읽을 수 없습니다 ({reason}). 권한과 디스크를 확인한 다음 다시 시도하십시오."
    ),
    (
        "The catalog {path} was written by a newer Holdfast (schema {version}, this program knows up to {known}). "
        "Install that version or a later one. To go on with this one, move the catalog aside and rebuild it from the "
        "files with `holdfast check DIR --repair`."
    ): (
        "카탈로그 {path}: 더 새로운 Holdfast가 쓴 것입니다 (형식 {version}, 이 프로그램은 {known}까지 지원). 그 "
        "버전이나 더 새로운 버전을 설치하십시오. 이 버전을 계속 쓰려면 카탈로그를 다른 곳으로 옮기고 `holdfast "
        "check DIR --repair`로 파일을 바탕으로 다시 만드십시오."
    ),
}

FINDINGS: Mapping[str, str] = {**_FILES, **_REPAIR, **_CATALOG}
