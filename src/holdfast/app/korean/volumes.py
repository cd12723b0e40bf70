"""What is the matter with a volume. English text as `storage` and `policy` make it."""

from collections.abc import Mapping

_OPENING = {
    "{path} is a file, not a folder. Choose another place.": (
        "{path}: 폴더가 아니라 파일입니다. 다른 위치를 지정하십시오."
    ),
    "{path} does not exist, nor does the folder above it. Is the disk mounted? Make the folder, or choose another.": (
        "{path}: 이 폴더도 그 상위 폴더도 없습니다. 디스크가 마운트되어 있는지 확인하십시오. 폴더를 만들거나 다른 "
        "폴더를 지정하십시오."
    ),
    (
        "The disk of volume {name} is not mounted at {path}. Mount it: recording returns to it by itself. To begin "
        "with an empty one instead: {command}"
    ): (
        "볼륨 {name}의 디스크가 {path}에 마운트되어 있지 않습니다. 마운트하면 녹화가 저절로 돌아옵니다. 대신 빈 "
        "디스크로 시작하려면: {command}"
    ),
    "{path} is mounted read-only. The disk may have been damaged: check it, then mount it for writing.": (
        "{path}: 읽기 전용으로 마운트되어 있습니다. 디스크가 손상되었을 수 있으니 검사한 다음 쓰기 가능하게 "
        "마운트하십시오."
    ),
    (
        "The marker of the volume {path} cannot be used ({reason}). If the disk is the right one, take it over: "
        "{command}"
    ): "볼륨 {path}의 표식을 쓸 수 없습니다 ({reason}). 맞는 디스크라면 이 녹화기로 가져오십시오: {command}",
    "{path} is a volume of another recorder ({name}). Mount the right disk, or take this one over: {command}": (
        "{path}: 다른 녹화기의 볼륨입니다 ({name}). 맞는 디스크를 마운트하거나, 이 디스크를 가져오십시오: {command}"
    ),
    (
        "At {path} there is another volume ({name}) than the one that belongs there ({expected}). Mount the right "
        "disk, or take this one over: {command}"
    ): (
        "{path}: 있어야 할 볼륨({expected})이 아니라 다른 볼륨({name})이 있습니다. 맞는 디스크를 마운트하거나, 이 "
        "디스크를 가져오십시오: {command}"
    ),
    "The disk of {path} is full: {free} are free, and {wanted} are to stay free. Free some space.": (
        "{path}: 디스크가 가득 찼습니다. 남은 공간은 {free}이고 {wanted}를 비워 두어야 합니다. 공간을 확보하십시오."
    ),
    "{path} does not give back what is written to it. The disk is broken: replace it.": (
        "{path}: 쓴 내용이 그대로 읽히지 않습니다. 디스크가 고장 났으니 교체하십시오."
    ),
}

_MARKER = {
    "it is no file, or a symbolic link": "파일이 아니거나 심볼릭 링크입니다",
    "it is too large": "너무 큽니다",
    "it was not written to its end": "끝까지 기록되지 않았습니다",
    "it cannot be read": "읽을 수 없습니다",
    "it was made by a newer release of Holdfast": "더 새로운 버전의 Holdfast에서 만들었습니다",
    "its name cannot be used": "이름을 쓸 수 없습니다",
    "its id cannot be used": "id를 쓸 수 없습니다",
}

_PLACES = {
    "{path} is the folder of volume {other}, too. Give each volume a folder on its own disk.": (
        "{path}: 볼륨 {other}의 폴더이기도 합니다. 볼륨마다 서로 다른 디스크의 폴더를 지정하십시오."
    ),
    "{path} lies inside volume {other} ({place}). Choose a folder outside of it.": (
        "{path}: 볼륨 {other}({place}) 안에 있습니다. 그 밖의 폴더를 지정하십시오."
    ),
    "{path} has volume {other} ({place}) inside it. Choose a folder beside it.": (
        "{path}: 안에 볼륨 {other}({place})이(가) 있습니다. 그 옆의 폴더를 지정하십시오."
    ),
    (
        "{path} lies on the same file system as volume {other} ({place}): what ends one ends both. Choose a folder on "
        "another disk."
    ): (
        "{path}: 볼륨 {other}({place})와(과) 같은 파일 시스템에 있어, 하나를 잃으면 둘 다 잃습니다. 다른 디스크의 "
        "폴더를 지정하십시오."
    ),
    (
        "{path} has {total} in all, less than the {memory} that may be held in memory: what is held would not fit. "
        "Choose a larger disk, or a smaller limit of memory."
    ): (
        "{path}: 전체 크기 {total}이(가) 메모리에 보관할 수 있는 {memory}보다 작아, 보관한 영상이 들어가지 않습니다. "
        "더 큰 디스크를 쓰거나 메모리 한도를 줄이십시오."
    ),
}

_STATES = {
    "The process that writes to this volume has ended; it is started again.": (
        "이 볼륨에 쓰는 프로세스가 끝나 다시 시작합니다."
    ),
    "The process that opens this volume has ended; it is started again.": (
        "이 볼륨을 여는 프로세스가 끝나 다시 시작합니다."
    ),
    (
        "It was lost {count} times within a minute. As long as there is another volume it is used again only after "
        "{seconds} s without trouble."
    ): ("1분 안에 {count}번 끊겼습니다. 다른 볼륨이 있는 동안에는 문제없이 {seconds}초가 지난 뒤에 다시 사용합니다."),
    "{sentence} It was tried {count} times: it is tried again when something is mounted.": (
        "{sentence} {count}번 시도했습니다. 무언가 마운트되면 다시 시도합니다."
    ),
    "A write or sync took {seconds} s. The disk may be overloaded or failing.": (
        "쓰기나 동기화에 {seconds}초가 걸렸습니다. 디스크에 과부하가 걸렸거나 고장 나고 있을 수 있습니다."
    ),
    (
        "The disk is full: {free} are free, and {reserve} are to stay free. Free some space; recording returns by "
        "itself when there are {again}."
    ): (
        "디스크가 가득 찼습니다. 남은 공간은 {free}이고 {reserve}를 비워 두어야 합니다. 공간을 확보하십시오. {again}가 "
        "되면 녹화가 저절로 돌아옵니다."
    ),
    "The disk has not answered for {seconds} s. Check its cable, its power, or the network to it.": (
        "디스크가 {seconds}초 동안 응답하지 않습니다. 케이블, 전원, 또는 네트워크를 확인하십시오."
    ),
    "It is not mounted any more at {place}. Connect and mount it: recording returns to it.": (
        "{place}에 더 이상 마운트되어 있지 않습니다. 연결하여 마운트하면 녹화가 돌아옵니다."
    ),
    "The disk of volume {volume} is not there any more.": "볼륨 {volume}의 디스크가 더 이상 없습니다.",
    "It was turned read-only. The disk may have been damaged: check it, then mount it for writing.": (
        "읽기 전용으로 바뀌었습니다. 디스크가 손상되었을 수 있으니 검사한 다음 쓰기 가능하게 마운트하십시오."
    ),
}

VOLUMES: Mapping[str, str] = {**_OPENING, **_MARKER, **_PLACES, **_STATES}
