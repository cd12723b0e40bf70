"""Alarms: what they say, and why one could not be delivered. English text as `policy` and `notify` make it."""

from collections.abc import Mapping

_RAISED = {
    "For {seconds} s nothing of this camera has reached a disk.": (
        "{seconds}초 동안 이 카메라의 영상이 디스크에 저장되지 않았습니다."
    ),
    "For {seconds} s nothing of this camera has reached a disk. {sentence}": (
        "{seconds}초 동안 이 카메라의 영상이 디스크에 저장되지 않았습니다. {sentence}"
    ),
    "The camera cannot be recorded, and many tries have failed.": (
        "카메라를 녹화할 수 없습니다. 여러 번 시도했지만 실패했습니다."
    ),
    "The camera cannot be recorded, and many tries have failed. {sentence}": (
        "카메라를 녹화할 수 없습니다. 여러 번 시도했지만 실패했습니다. {sentence}"
    ),
    "The volume is slow: writing to it takes longer than a second.": (
        "볼륨이 느립니다. 한 번 쓰는 데 1초가 넘게 걸립니다."
    ),
    "The volume is full, or has less space than its reserve.": (
        "볼륨이 가득 찼거나 남은 공간이 예비 공간보다 적습니다."
    ),
    "The volume is read-only. It may have been damaged: check it, then mount it for writing.": (
        "볼륨이 읽기 전용입니다. 손상되었을 수 있으니 검사한 다음 쓰기 가능하게 마운트하십시오."
    ),
    "The volume is gone. Connect and mount it again.": "볼륨이 없어졌습니다. 다시 연결하고 마운트하십시오.",
    "The volume does not answer any more. Check the disk, its cable or the server.": (
        "볼륨이 더 이상 응답하지 않습니다. 디스크, 케이블 또는 서버를 확인하십시오."
    ),
    "What is mounted in place of the volume is another one, and is not written to.": (
        "볼륨 자리에 다른 볼륨이 마운트되어 있어 쓰지 않습니다."
    ),
    "No volume can be written. Footage is held in memory as long as there is room.": (
        "쓸 수 있는 볼륨이 없습니다. 자리가 있는 동안 영상을 메모리에 보관합니다."
    ),
    "More than {percent} % of the memory for footage is in use: the disks do not keep up.": (
        "영상용 메모리의 {percent}%를 넘게 쓰고 있습니다. 디스크가 따라가지 못합니다."
    ),
    "The catalog and the files differ in {count} places that were not mended. To see them: holdfast check DIR": (
        "카탈로그와 파일이 다른 곳이 {count}군데 남아 있습니다. 보려면: holdfast check DIR"
    ),
    "This is a test: alarms of this recorder reach you.": "시험 알림입니다. 이 녹화기의 경보를 받을 수 있습니다.",
}

_NOT_DELIVERED = {
    "it had not ended after {seconds} s and was killed": "{seconds}초가 지나도 끝나지 않아 강제로 종료했습니다",
    "it ended with {code}": "종료 코드 {code}(으)로 끝났습니다",
    "it cannot be run ({reason})": "실행할 수 없습니다 ({reason})",
    "the recorder ends": "녹화기를 끝내는 중입니다",
    "the server redirects again and again": "서버가 다른 주소로 계속 돌립니다",
    "the server redirects to nowhere": "서버가 쓸 수 없는 주소로 돌립니다",
    "the server redirects to another place ({place}): write that address": (
        "서버가 다른 곳({place})으로 돌립니다. 그 주소를 쓰십시오"
    ),
    "the server redirects with {status}, which drops the message: write the new address": (
        "서버가 {status}(으)로 다른 주소로 돌리는데, 그러면 내용이 전달되지 않습니다. 새 주소를 쓰십시오"
    ),
    "the server answers with {status}": "서버가 {status}(으)로 응답합니다",
    "no answer within {seconds} s": "{seconds}초 안에 응답이 없습니다",
    "its certificate is not trusted ({error})": "인증서를 신뢰할 수 없습니다 ({error})",
    "no address is known for its name": "이름에 해당하는 주소를 찾을 수 없습니다",
}

_CONFIGURATION = {
    '{key} must be a list of texts, such as ["first", "second"].': (
        '{key}: 문자열 목록이어야 합니다. 예: ["first", "second"]'
    ),
    "command must begin with a program. Write its arguments behind it, each as a text.": (
        "command: 프로그램으로 시작해야 합니다. 그 뒤에 인수를 하나씩 문자열로 쓰십시오."
    ),
    "{key} is no URL that can be used. Write http://HOST/PATH or https://HOST/PATH.": (
        "{key}: 쓸 수 있는 URL이 아닙니다. http://HOST/PATH 또는 https://HOST/PATH 형식으로 쓰십시오."
    ),
    "{file_key}: there is {key}, too. Keep one of them.": "{file_key}: {key}도 있습니다. 하나만 남기십시오.",
}

ALARMS: Mapping[str, str] = {**_RAISED, **_NOT_DELIVERED, **_CONFIGURATION}
