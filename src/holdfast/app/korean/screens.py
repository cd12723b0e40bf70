"""Tables, states, and what commands say while they work."""

from collections.abc import Mapping

_STATES = {
    "{path} is a volume of another recorder. Choose another folder, or take it over: {command}": (
        "{path}: 다른 녹화기의 볼륨입니다. 다른 폴더를 고르거나 이 명령으로 가져오십시오: {command}"
    ),
    "disconnected": "연결 끊김",
    "connecting": "연결 중",
    "connected": "연결됨",
    "reconnecting": "재연결 중",
    "ERROR": "오류",
    "off": "꺼짐",
    "waiting": "대기 중",
    "recording": "녹화 중",
    "recording, no sound": "녹화 중(소리 없음)",
    "recording with sound": "소리와 함께 녹화 중",
    "in memory": "메모리 보관",
    "switched off": "사용자가 끔",
    "off by mode": "모드로 꺼짐",
    "open": "녹화 중",
    "final": "완료",
    "missing": "없음",
    "damaged": "손상됨",
    "{count} d": "{count}일",
    "{count} h": "{count}시간",
    "{count} min": "{count}분",
    "{count} s": "{count}초",
    "recording: {state}": "녹화: {state}",
    "last fault {age} ago: {fault}": "마지막 장애 {age} 전: {fault}",
    "{age} ago: {fault}": "{age} 전: {fault}",
    "Next try in {seconds:.0f} s.": "{seconds:.0f}초 후 재시도합니다.",
}

_CAUSES = {
    "connection lost": "연결 끊김",
    "connection refused": "연결 거부",
    "camera unreachable": "카메라 연결 불가",
    "name unknown": "이름을 찾을 수 없음",
    "no encrypted connection": "암호화 연결 실패",
    "another certificate": "인증서 바뀜",
    "The certificate of {camera} is forgotten: the next one that it shows is pinned.": (
        "{camera}의 인증서를 잊었습니다. 다음에 보내는 인증서를 고정합니다."
    ),
    "No certificate of {camera} is pinned.": "{camera}: 고정된 인증서가 없습니다.",
    "No certificate of {camera} is pinned. Name one of these by its address: {places}": (
        "{camera}: 고정된 인증서가 없습니다. 다음 중 하나를 주소로 지정하십시오: {places}"
    ),
    "camera busy": "카메라 접속 초과",
    "error of the camera": "카메라 자체 오류",
    "frames without times": "시간 없는 프레임",
    "password refused": "비밀번호 거부",
    "stream not found": "스트림 없음",
    "unusable URL": "쓸 수 없는 URL",
    "ended by the camera": "카메라가 종료",
    "silent connection": "연결됐지만 무응답",
    "no video offered": "비디오 없음",
    "not understood": "해석 불가",
    "wrong transport": "전송 방식 불일치",
    "no key frame": "키 프레임 없음",
    "unreadable stream": "해석 불가 스트림",
    "disk gone": "디스크 없음",
    "sound failed": "소리 녹음 실패",
    "disk full": "디스크 가득 참",
    "memory full": "메모리 가득 참",
    "decoder failed": "디코더 오류",
    "view failed": "보기 오류",
    "recording failed": "녹화 오류",
    "software missing": "소프트웨어 없음",
    "capture process ended": "캡처 프로세스 종료",
    "capture process hung": "캡처 프로세스 멈춤",
    "capture process too large": "캡처 프로세스 메모리 초과",
    "before the first key frame": "첫 키 프레임 전",
    "no frames": "프레임 없음",
    "packets lost": "패킷 손실",
    "recorder stopped": "녹화기 정지",
    "streaming only": "스트리밍 전용",
    "recorder not running": "녹화기 중단",
    "power lost": "전원 끊김",
    "deleted": "삭제됨",
    "volume not connected": "볼륨 연결 안 됨",
}

_ALARMS = {
    "nothing saved": "저장 안 됨",
    "camera in ERROR": "카메라 오류",
    "volume slow": "볼륨 느림",
    "volume full": "볼륨 가득 참",
    "volume read-only": "볼륨 읽기 전용",
    "volume gone": "볼륨 없음",
    "volume hangs": "볼륨 무응답",
    "volume refused": "볼륨 거부",
    "no volume": "쓸 볼륨 없음",
    "memory filling up": "메모리 부족",
    "catalog not written": "카탈로그 쓰기 실패",
    "catalog and files differ": "카탈로그와 파일 불일치",
    "warning": "주의",
    "critical": "심각",
    "Severity": "심각도",
    "Alarm": "경보",
    "About": "대상",
    "Raised": "발생",
    "Cleared": "해제",
    "Sentence": "내용",
    "{severity} since {moment}: {what}": "{severity} ({moment}부터): {what}",
    "1 alarm": "경보 1개",
    "{count} alarms": "경보 {count}개",
    "1 open alarm": "해제되지 않은 경보 1개",
    "{count} open alarms": "해제되지 않은 경보 {count}개",
    "Nothing lies in between: --from must be before --to.": (
        "두 시각 사이가 비어 있습니다. --from은 --to보다 앞이어야 합니다."
    ),
    "Name the configuration that says who is told: --config FILE.": (
        "받을 곳이 쓰여 있는 설정 파일을 지정하십시오: --config FILE."
    ),
    "Nobody is told of alarms: {path} has no receiver in [alarms].": (
        "경보를 받을 곳이 없습니다. {path}의 [alarms]에 받을 곳을 쓰십시오."
    ),
    "{place}: not delivered: {reason}": "{place}: 전달하지 못했습니다: {reason}",
    "{place}: delivered": "{place}: 전달했습니다",
}

_VOLUMES = {
    "being checked": "확인 중",
    "healthy": "정상",
    "slow": "느림",
    "full": "가득 참",
    "read-only": "읽기 전용",
    "gone": "없음",
    "hangs": "무응답",
    "refused": "거부됨",
    "{state}, in use": "{state}, 사용 중",
    "{free} of {total} free": "{total} 중 {free} 남음",
    "Volume {name} ({path}): {what}": "볼륨 {name} ({path}): {what}",
    "No recorder answers here: volumes are shown as they were last seen.": (
        "응답하는 녹화기가 없어 볼륨을 마지막으로 확인한 상태로 표시합니다."
    ),
    "Volume {name} is not there: it was not checked.": "볼륨 {name}: 연결되어 있지 않아 검사하지 않았습니다.",
    "Volume {name} ({path}):": "볼륨 {name} ({path}):",
    "{path} is volume {name} of this recorder already.": "{path}: 이미 이 녹화기의 볼륨 {name}입니다.",
    "{path} is volume {name} of this recorder now. A recorder that runs uses it within some seconds.": (
        "{path}: 이제 이 녹화기의 볼륨 {name}입니다. 실행 중인 녹화기는 몇 초 안에 사용합니다."
    ),
    "{path} lies on {source}.": "{path}의 위치: {source}.",
    "What was recorded on another disk of volume {name} then counts as missing.": (
        "볼륨 {name}의 다른 디스크에 녹화된 파일은 없는 것으로 칩니다."
    ),
    "Make it volume {name} of this recorder? [y/N] ": "이 녹화기의 볼륨 {name}(으)로 만들까요? [y/N] ",
    "Its marker cannot be understood.": "표식을 해석할 수 없습니다.",
    "It has no marker: nobody has recorded there.": "표식이 없습니다. 아직 아무도 녹화하지 않은 곳입니다.",
    "It is a disk of this recorder, its volume {name}.": "이 녹화기의 디스크이며 볼륨 {name}입니다.",
    "It is a disk of another recorder, its volume {name}.": "다른 녹화기의 디스크이며 볼륨 {name}입니다.",
    "Nothing was changed.": "아무것도 바꾸지 않았습니다.",
}

_HEADINGS = {
    "From": "시작 시각",
    "To": "끝 시각",
    "Cause": "원인",
    "Detail": "상세",
    "Day": "날짜",
    "Missing": "빠짐",
    "Coverage": "녹화율",
    "Camera": "카메라",
    "State": "상태",
    "Recording": "녹화",
    "Current file": "현재 파일",
    "Last fault": "마지막 장애",
    "Begin": "시작",
    "Length": "길이",
    "Frames": "프레임",
    "Picture": "영상",
    "Size": "크기",
    "File": "파일",
    "Files": "파일 수",
    "Volume": "볼륨",
    "Since": "언제부터",
    "Free": "남은 공간",
    "Total": "전체",
    "File system": "파일 시스템",
    "Folder": "폴더",
    "Last seen": "마지막 확인",
    "Away": "연결 불가",
    "Made": "생성",
    "Recorded": "녹화됨",
    "Repeated": "중복",
    "Lost": "손실",
}

_SAID = {
    "Ended. The files are in {path}. To list them: holdfast segments {quoted}": (
        "끝났습니다. 파일 위치: {path}. 목록 보기: holdfast segments {quoted}"
    ),
    "Not every file could be made final. To mend them: holdfast check {quoted} --repair": (
        "일부 파일을 완료하지 못했습니다. 복구하려면: holdfast check {quoted} --repair"
    ),
    "{path} is good. Cameras: {count}.": "{path}: 문제가 없습니다. 카메라: {count}대.",
    "The configuration cannot be used, the last good one goes on:": (
        "설정 파일을 쓸 수 없어 마지막으로 정상이었던 설정을 계속 씁니다:"
    ),
    "{count} files": "파일 {count}개",
    "1 gap": "빠진 구간 1개",
    "{count} gaps": "빠진 구간 {count}개",
    "not over": "계속 중",
    "then: {causes}": "이후: {causes}",
    "No recorder runs here. The last one was alive until {moment}.": (
        "지금 실행 중인 녹화기가 없습니다. 마지막 녹화기는 {moment}까지 동작했습니다."
    ),
    "To do: {action}.": "할 일: {action}.",
    "Done: {action}.": "완료: {action}.",
    "Checking": "검사 중",
    "Stopped before the end: {files} files were looked at.": "끝나기 전에 멈췄습니다. 파일 {files}개를 확인했습니다.",
    "Files compared: {files}. Entries of the catalog: {rows}. Findings: {findings}, unresolved: {open}.": (
        "비교한 파일: {files}. 카탈로그 항목: {rows}. 발견: {findings}, 미해결: {open}."
    ),
    "Left alone, because a running recorder is writing them: {count}.": (
        "실행 중인 녹화기가 쓰고 있어 그대로 둔 파일: {count}."
    ),
    "To mend what can be mended, deleting nothing: holdfast check {quoted} --repair": (
        "삭제 없이 복구하려면: holdfast check {quoted} --repair"
    ),
}

SCREENS: Mapping[str, str] = {**_STATES, **_CAUSES, **_ALARMS, **_VOLUMES, **_HEADINGS, **_SAID}
