"""What argparse, the control interface and the operating system say."""

from collections.abc import Mapping

ARGPARSE: Mapping[str, str] = {
    "the following arguments are required: {arguments}": "다음 인자가 필요합니다: {arguments}",
    "unrecognized arguments: {arguments}": "알 수 없는 인자입니다: {arguments}",
    "argument {argument}: {reason}": "인자 {argument}: {reason}",
    "invalid choice: {value} (choose from {choices})": "잘못된 값입니다: {value} (선택할 수 있는 값: {choices})",
    "invalid {type} value: {value}": "잘못된 값입니다: {value} (형식: {type})",
    "expected one argument": "값이 하나 필요합니다",
    "ignored explicit argument {value}": "값을 받지 않는 옵션입니다: {value}",
}

CONTROL: Mapping[str, str] = {
    "there is no camera {camera} in this recorder": "이 녹화기에는 {camera} 카메라가 없습니다",
    "{camera} has no running pipeline at present: it is not connected": (
        "{camera}: 지금은 실행 중인 파이프라인이 없습니다. 연결되어 있지 않습니다"
    ),
    'the body must be {"wanted": true} or {"wanted": false}': (
        '본문은 {"wanted": true} 또는 {"wanted": false}여야 합니다'
    ),
    "this recorder has no configuration file: it was started by `holdfast record`": (
        "이 녹화기에는 설정 파일이 없습니다. `holdfast record`로 시작했습니다"
    ),
    "from_ns and to_ns must be nanoseconds since 1970": "from_ns와 to_ns는 1970년 이후의 나노초여야 합니다",
    "mode must be one of {modes}": "mode 값은 다음 중 하나여야 합니다: {modes}",
}

SYSTEM: Mapping[str, str] = {
    "No space left on device": "장치에 남은 공간이 없음",
    "Disk quota exceeded": "디스크 할당량 초과",
    "Read-only file system": "읽기 전용 파일 시스템",
    "Input/output error": "입출력 오류",
    "No such device": "그런 장치가 없음",
    "No such device or address": "그런 장치나 주소가 없음",
    "Stale file handle": "끊어진 파일 핸들",
    "Permission denied": "권한이 없음",
    "Operation not permitted": "허용되지 않은 작업",
    "No such file or directory": "그런 파일이나 폴더가 없음",
    "Not a directory": "폴더가 아님",
    "Is a directory": "폴더임",
    "File exists": "파일이 이미 있음",
    "File name too long": "파일 이름이 너무 김",
    "File too large": "파일이 너무 큼",
    "Too many open files": "열린 파일이 너무 많음",
    "Too many open files in system": "시스템에 열린 파일이 너무 많음",
    "Device or resource busy": "장치나 자원이 사용 중",
    "Connection timed out": "연결 시간 초과",
    "Invalid argument": "잘못된 인자",
    "Too many levels of symbolic links": "심볼릭 링크가 너무 많이 이어짐",
    "Transport endpoint is not connected": "전송 대상과 연결되어 있지 않음",
}
"""By the texts of `os.strerror`."""

LIBRARY: Mapping[str, str] = {**ARGPARSE, **CONTROL}
