"""The command line: help, and what is wrong with a URL, an option or a folder."""

from collections.abc import Mapping

_COMMANDS = {
    "Records network cameras, and does not let go.": (
        "네트워크 카메라를 녹화합니다. 한번 잡은 영상은 놓치지 않습니다."
    ),
    (
        "Exit codes: 0 done, 1 incomplete, 2 wrong usage, 3 software missing, 4 folder unusable, 5 folder in use, 6 "
        "not running."
    ): (
        "종료 코드: 0 완료, 1 일부 미완료, 2 잘못된 사용법, 3 필요한 소프트웨어 없음, 4 폴더를 쓸 수 없음, 5 "
        "폴더가 사용 중, 6 녹화기가 실행 중이 아님."
    ),
    "COMMAND": "명령",
    "Record cameras until interrupted.": "중단할 때까지 카메라를 녹화합니다.",
    "Record four simulated cameras, provoke one fault after another, and account for every frame.": (
        "가상 카메라 네 대를 녹화하면서 장애를 차례로 일으키고, 모든 프레임의 행방을 밝힙니다."
    ),
    "List the recorded files.": "녹화된 파일의 목록을 표시합니다.",
    "List the time that is missing and why, and how much of each day is there.": (
        "빠진 구간과 그 원인, 날짜별 녹화율을 표시합니다."
    ),
    "List what a person should know: the open alarms, or all that there were.": (
        "사람이 알아야 할 일, 즉 해제되지 않은 경보 또는 모든 경보의 목록을 표시합니다."
    ),
    "also those that are over": "이미 해제된 것도 표시",
    "send a test alarm to everybody whom the configuration names": "설정 파일에 있는 모든 곳에 시험 알림을 보냄",
    "Compare the catalog with the files.": "카탈로그와 파일을 비교합니다.",
    "Record the cameras of a configuration, as a service.": "설정 파일의 카메라를 서비스로 녹화합니다.",
    "Show the disks that are recorded to.": "녹화하는 디스크의 상태를 표시합니다.",
    "Make a folder on a disk the volume of this recorder that belongs there.": (
        "디스크의 폴더를 그 자리에 있어야 할 이 녹화기의 볼륨으로 만듭니다."
    ),
    "Show the state of a running recorder.": "실행 중인 녹화기의 상태를 표시합니다.",
    "Switch the recording of a camera on.": "카메라의 녹화를 켭니다.",
    "Switch the recording of a camera off.": "카메라의 녹화를 끕니다.",
    "Accept another certificate of a camera: the next one is pinned.": (
        "카메라의 새 인증서를 받아들입니다. 다음에 보내는 인증서를 고정합니다."
    ),
    "Open and close the branches of a camera's pipeline.": "카메라 파이프라인의 분기를 열고 닫습니다.",
    "Write the pipeline of a running camera as SVG, without secrets.": (
        "실행 중인 카메라의 파이프라인을 비밀번호 없이 SVG 그림으로 저장합니다."
    ),
}

_OPTIONS = {
    "RTSP URL of a camera: rtsp://USER:PASSWORD@HOST:PORT/PATH": (
        "카메라의 RTSP URL: rtsp://USER:PASSWORD@HOST:PORT/PATH"
    ),
    "folder for the recordings": "녹화 폴더",
    "folder for the recordings; may be repeated, in order of preference, for folders on other disks": (
        "녹화 폴더. 다른 디스크의 폴더를 우선순위대로 여러 번 쓸 수 있습니다"
    ),
    "folder for the catalog when there are several for the recordings": "녹화 폴더가 여러 개일 때 카탈로그를 둘 폴더",
    "hold so much footage in memory at most (default: a quarter of the memory, up to 4G)": (
        "메모리에 보관할 영상의 최대 크기 (기본값: 메모리의 4분의 1, 최대 4G)"
    ),
    "give up a disk that does not answer for so long (default: 15s)": (
        "이 시간 동안 응답하지 않는 디스크는 포기합니다 (기본값: 15s)"
    ),
    "name of a camera, in the order of the URLs (may be repeated); without it cam_01, cam_02, …": (
        "카메라 이름. URL 순서대로 여러 번 쓸 수 있습니다. 쓰지 않으면 cam_01, cam_02, …"
    ),
    "file whose first line is the password for URLs that have a user and no password": (
        "첫 줄에 비밀번호가 적힌 파일. URL에 사용자만 있고 비밀번호가 없을 때 씁니다"
    ),
    "length of a file, such as 15m or 1h (default: 15m); files end at whole multiples of it by the clock": (
        "파일 하나의 길이. 예: 15m, 1h (기본값: 15m). 파일은 시계 기준으로 이 길이의 배수 시각에 나뉩니다"
    ),
    "begin a new file at this size, such as 500M": "파일이 이 크기가 되면 새 파일을 시작합니다. 예: 500M",
    "when recording is switched on by hand, begin this much earlier (default: 0s)": (
        "수동으로 녹화를 켤 때 이만큼 앞선 시점부터 녹화합니다 (사전 녹화, 기본값: 0s)"
    ),
    "end after this time": "이 시간이 지나면 끝냅니다",
    "client that fetches the streams (default: auto, Holdfast's own wherever it can)": (
        "영상을 가져오는 클라이언트 (기본값: auto, 가능하면 Holdfast 자체 클라이언트)"
    ),
    "cameras that share one capture process (default: 1)": "캡처 프로세스 하나를 함께 쓰는 카메라 수 (기본값: 1)",
    "replace a capture process that uses more memory than this (default: 768M)": (
        "메모리를 이보다 많이 쓰는 캡처 프로세스는 새것으로 바꿉니다 (기본값: 768M)"
    ),
    "connect, but record only when told to by `holdfast start`": (
        "연결만 하고, `holdfast start` 명령을 받았을 때만 녹화합니다"
    ),
    "configuration of the service, instead of the folder": "폴더 대신 서비스의 설정 파일",
    "configuration of the service": "서비스의 설정 파일",
    "only say what is wrong with the configuration": "설정 파일에 잘못된 점이 있는지만 알려 줍니다",
    "print a configuration to begin with": "처음 시작할 때 쓸 설정 파일 예시를 출력합니다",
    "print a unit for systemd that runs this configuration": "이 설정으로 실행하는 systemd 유닛 파일을 출력합니다",
    "without systemd: a second process that starts the service again when it dies or hangs": (
        "systemd 없이 쓸 때: 서비스가 죽거나 멈추면 다시 시작하는 감시 프로세스를 둡니다"
    ),
    "log lines from LEVEL on (debug, info, warning, error), of one category or of all (may be repeated)": (
        "LEVEL(debug, info, warning, error) 이상만 로그에 남깁니다. 분류 하나 또는 전체에 적용하며, 여러 번 쓸 수 "
        "있습니다"
    ),
    "text, or json: one object per line": "text 또는 json (한 줄에 객체 하나)",
    "record sound, too, where the law and those who are heard allow it": (
        "소리도 녹음합니다. 법과 당사자가 허락하는 곳에서만 쓰십시오"
    ),
    "plain lines instead of a live table": "실시간 표 대신 한 줄씩 표시합니다",
    "log every attempt": "모든 시도를 로그에 남깁니다",
    "folder for the recordings (default: demo-footage)": "녹화 폴더 (기본값: demo-footage)",
    "how long (default: 90s)": "녹화 시간 (기본값: 90s)",
    "only this camera": "이 카메라만",
    "from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h (default: the beginning)": (
        "이 시각부터. 예: 2026-11-26, '2026-11-26 14:30', 두 시간 전이면 2h (기본값: 처음부터)"
    ),
    "up to then (default: now)": "이 시각까지 (기본값: 지금)",
    "as JSON, one object per line": "한 줄에 객체 하나씩 JSON으로 출력합니다",
    "make open files final, and bring the catalog in line; deletes nothing": (
        "완료되지 않은 파일을 완료하고 카탈로그를 파일에 맞춥니다. 아무것도 삭제하지 않습니다"
    ),
    "the volume's folder, as the recorder knows it": "녹화기가 아는 볼륨의 폴더",
    "do not ask": "묻지 않고 실행합니다",
    "camera, such as cam_01": "카메라. 예: cam_01",
    "camera, such as cam_01, or HOST:PORT": "카메라. 예: cam_01, 또는 HOST:PORT",
    "file to write (default: CAMERA.svg); a name that ends in .dot gets GStreamer's text": (
        "저장할 파일 (기본값: CAMERA.svg). 이름이 .dot로 끝나면 GStreamer의 텍스트로 저장합니다"
    ),
}

_ARGPARSE = {
    "usage: ": "사용법: ",
    "positional arguments": "위치 인자",
    "options": "옵션",
    "show this help message and exit": "이 도움말을 표시하고 끝냅니다",
    "show program's version number and exit": "버전을 표시하고 끝냅니다",
    "error": "오류",
}

_PROBLEMS = {
    "{text!r} is no time; write 90s, 15m or 1h": "{text!r}: 시간이 아닙니다. 90s, 15m, 1h처럼 쓰십시오",
    "{text!r} is no moment; write 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h": (
        "{text!r}: 시각이 아닙니다. 2026-11-26, '2026-11-26 14:30', 두 시간 전이면 2h처럼 쓰십시오"
    ),
    "Nothing lies in between: --from must be before --to, and in the past.": (
        "그 사이에 아무것도 없습니다. --from은 --to보다 앞서고 지난 시각이어야 합니다."
    ),
    "{text!r} is no size; write 500M or 2G": "{text!r}: 크기가 아닙니다. 500M, 2G처럼 쓰십시오",
    "--segment must be between 1s and 6h.": "--segment 값은 1s에서 6h 사이여야 합니다.",
    "--segment-size must be at least 1M.": "--segment-size 값은 1M 이상이어야 합니다.",
    "--worker-memory must be at least 64M.": "--worker-memory 값은 64M 이상이어야 합니다.",
    "There are more than {most} volumes (--to).": "볼륨(--to)이 {most}개보다 많습니다.",
    "--memory must be at least 16M.": "--memory 값은 16M 이상이어야 합니다.",
    "--hang-after must be between 2s and 10m.": "--hang-after 값은 2s에서 10m 사이여야 합니다.",
    "--pre-record must be between 0s and 5m.": "--pre-record 값은 0s에서 5m 사이여야 합니다.",
    "--cameras-per-worker must be between 1 and 64.": "--cameras-per-worker 값은 1에서 64 사이여야 합니다.",
    "There are more names (--name) than URLs.": "이름(--name)이 URL보다 많습니다.",
    "{name} cannot be the name of a camera: use letters or digits.": (
        "{name}: 카메라 이름으로 쓸 수 없습니다. 글자나 숫자를 쓰십시오."
    ),
    "Two cameras have the same name: {name}. Give each its own.": (
        "두 카메라의 이름이 같습니다: {name}. 서로 다른 이름을 지정하십시오."
    ),
    "The password file {path} cannot be read ({reason}).": "비밀번호 파일 {path}: 읽을 수 없습니다 ({reason}).",
    "The password file {path} is empty: its first line is the password.": (
        "비밀번호 파일 {path}: 비어 있습니다. 첫 줄에 비밀번호를 쓰십시오."
    ),
    "{path} is a file, not a folder. Choose another place.": (
        "{path}: 폴더가 아니라 파일입니다. 다른 위치를 지정하십시오."
    ),
    ("{path} does not exist, nor does the folder above it. Is the disk mounted? Make the folder, or choose another."): (
        "{path}: 이 폴더도 그 상위 폴더도 없습니다. 디스크가 마운트되어 있는지 확인하십시오. 폴더를 만들거나 "
        "다른 폴더를 지정하십시오."
    ),
    ("{path} cannot be written ({reason}). Change its owner or permissions, free space, or choose another folder."): (
        "{path}: 쓸 수 없습니다 ({reason}). 소유자나 권한을 바꾸거나, 공간을 확보하거나, 다른 폴더를 지정하십시오."
    ),
    "{path} is not a folder. Name the folder that recordings were made to.": (
        "{path}: 폴더가 아닙니다. 녹화가 저장된 폴더를 지정하십시오."
    ),
    "Another recorder already works in {path}. Stop it first, or choose another folder.": (
        "{path}: 다른 녹화기가 이미 사용하고 있습니다. 먼저 그 녹화기를 멈추거나 다른 폴더를 지정하십시오."
    ),
    "No recorder answers for {path}. Start one with: holdfast record URL --to {path}": (
        "{path}: 응답하는 녹화기가 없습니다. 시작하려면: holdfast record URL --to {path}"
    ),
    "A recorder seems to run in {path}, but does not answer. Ask as the user it runs as.": (
        "{path}: 녹화기가 실행 중인 것 같지만 응답하지 않습니다. 녹화기를 실행한 사용자로 다시 시도하십시오."
    ),
    "Drawing needs Graphviz: sudo apt install graphviz. Or write the text with -o FILE.dot.": (
        "그림을 그리려면 Graphviz가 필요합니다: sudo apt install graphviz. 또는 -o FILE.dot로 텍스트를 저장하십시오."
    ),
    "Name either the folder for the recordings, or a configuration with --config.": (
        "녹화 폴더 또는 --config로 설정 파일 중 하나만 지정하십시오."
    ),
    "Name a configuration with --config. To see one: holdfast serve --example": (
        "--config로 설정 파일을 지정하십시오. 예시 보기: holdfast serve --example"
    ),
    "The configuration cannot be used:": "설정 파일을 쓸 수 없습니다:",
    "{text!r} is no level: write CATEGORY=LEVEL, such as rtsp=debug, or LEVEL": (
        "{text!r}: 로그 수준이 아닙니다. rtsp=debug처럼 CATEGORY=LEVEL로 쓰거나 LEVEL만 쓰십시오"
    ),
    "{category} is no category of the log: {categories}": "{category}: 로그 분류가 아닙니다. 분류: {categories}",
    (
        "{path} is a volume, and the catalog of its recorder lies elsewhere. Name the folder of the catalog (--state "
        "of `holdfast record`), or the configuration with --config."
    ): (
        "{path}: 볼륨이며, 녹화기의 카탈로그는 다른 곳에 있습니다. 카탈로그 폴더(`holdfast record`의 --state)를 "
        "지정하거나 --config로 설정 파일을 지정하십시오."
    ),
    "Which recorder is it? Name the folder of its catalog with --in DIR, or its configuration: --config.": (
        "어느 녹화기입니까? --in DIR로 카탈로그 폴더를, 또는 --config로 설정 파일을 지정하십시오."
    ),
    "{path} is no volume of the recorder in {root}. Its volumes: {places}.": (
        "{path}: {root} 녹화기의 볼륨이 아닙니다. 이 녹화기의 볼륨: {places}."
    ),
    "Do it as the user that the recorder runs as: {command}": "녹화기를 실행하는 사용자로 실행하십시오: {command}",
    "Nobody can be asked here. To do it without being asked: --yes": (
        "여기서는 물어볼 수 없습니다. 묻지 않고 실행하려면: --yes"
    ),
    "Graphviz could not draw the graph: {reason}": "Graphviz가 그래프를 그리지 못했습니다: {reason}",
    "{path} cannot be written ({reason}).": "{path}: 쓸 수 없습니다 ({reason}).",
}

HELP: Mapping[str, str] = {**_COMMANDS, **_OPTIONS, **_ARGPARSE, **_PROBLEMS}
