"""What the demo says."""

from collections.abc import Mapping

DEMO: Mapping[str, str] = {
    "Four simulated cameras start; their pictures move and carry a clock.": (
        "가상 카메라 네 대를 시작합니다. 움직이는 영상에 시계가 표시됩니다."
    ),
    "They are recorded on a disk of the demo's own, and in the folder while that is pulled out.": (
        "데모 전용 디스크에 녹화하고, 그 디스크가 뽑혀 있는 동안에는 폴더에 녹화합니다."
    ),
    "No disk is pulled out in this demo: {reason}.": "이 데모에서는 디스크를 뽑지 않습니다: {reason}.",
    "In {seconds:.0f} s there is no time for faults: --for {all}s shows all.": (
        "{seconds:.0f}초 동안에는 장애를 일으킬 시간이 없습니다. --for {all}s로 모두 볼 수 있습니다."
    ),
    "From second {first:.0f} on, {count} faults, one after another. {camera} has none and must not lose a frame.": (
        "{first:.0f}초 뒤부터 장애 {count}개를 차례로 일으킵니다. {camera}에는 일으키지 않으며, 한 프레임도 잃으면 안 "
        "됩니다."
    ),
    "Now {camera} crashes for a moment and cuts its connection.": (
        "지금 {camera} 카메라가 순간적인 오류로 연결을 끊습니다."
    ),
    "Now the network to {camera} is stuck for {seconds:.0f} s, and then delivers it all.": (
        "지금 {camera} 네트워크가 {seconds:.0f}초 동안 막혔다가 모두 전달합니다."
    ),
    "Now the cable of {camera} is pulled for {seconds:.0f} s.": (
        "지금 {camera} 카메라의 케이블을 {seconds:.0f}초 동안 뽑습니다."
    ),
    "Now the connection to {camera} dies without a word (a switch restarted).": (
        "지금 {camera} 카메라의 연결이 아무 신호 없이 죽습니다 (스위치 재시작)."
    ),
    "Now {camera} ends the stream, and for {seconds:.0f} s answers: too busy (503).": (
        "지금 {camera} 카메라가 영상을 끝내고 {seconds:.0f}초 동안 바쁘다고 응답합니다 (503)."
    ),
    "Now the recorder's own process for {camera} is killed (kill -9).": (
        "지금 녹화기의 {camera} 캡처 프로세스를 강제로 종료합니다 (kill -9)."
    ),
    "Now {camera} restarts, which takes it {seconds:.0f} s.": (
        "지금 {camera} 카메라가 재시작합니다. {seconds:.0f}초 걸립니다."
    ),
    "Now the disk is pulled out for {seconds:.0f} s: all cameras record to it.": (
        "지금 모든 카메라를 녹화하는 디스크를 {seconds:.0f}초 동안 뽑습니다."
    ),
    "Disk: {what}.": "디스크: {what}.",
    "recording went on in the folder after {seconds:.1f} s": "{seconds:.1f}초 만에 폴더에서 녹화 계속",
    "recording did not go on in the folder": "폴더에서 녹화가 이어지지 않음",
    "on the disk again {seconds:.1f} s after it was back": "디스크가 돌아온 뒤 {seconds:.1f}초 만에 디스크로 복귀",
    "not on the disk again yet": "아직 디스크로 복귀하지 않음",
    "0 frames lost": "손실 0프레임",
    "{frames} frames LOST": "{frames}프레임 손실",
    "there was nothing to notice": "감지할 것이 없었음",
    "noticed after {seconds:.1f} s": "{seconds:.1f}초 만에 감지",
    "not recorded again yet": "아직 다시 녹화되지 않음",
    "everything came late and was recorded; nothing lost": "모두 늦게 도착해 녹화됨; 손실 없음",
    "nothing lost": "손실 없음",
    "recorded again after {seconds:.1f} s": "{seconds:.1f}초 만에 다시 녹화",
    "recorded again {seconds:.1f} s after the camera was back": "카메라가 돌아온 뒤 {seconds:.1f}초 만에 다시 녹화",
    "lost: at most {frames} frames ({seconds:.1f} s)": "손실: 최대 {frames}프레임 ({seconds:.1f}초)",
    "lost beyond the outage: at most {frames} frames ({seconds:.1f} s)": (
        "연결 불가 시간 외 손실: 최대 {frames}프레임 ({seconds:.1f}초)"
    ),
    "Ended. Now every frame is counted, and every file is played.": (
        "끝났습니다. 이제 모든 프레임을 세고 모든 파일을 재생해 봅니다."
    ),
    "{lost} ({seconds:.1f} s)": "{lost} ({seconds:.1f}초)",
    "{seconds:.1f} s": "{seconds:.1f}초",
    "Away: the camera could not be had. Made and lost: frames of the time when it could.": (
        "연결 불가: 카메라에 연결할 수 없던 시간. 생성과 손실: 연결할 수 있던 동안의 프레임."
    ),
    "What is missing and why, as the recorder itself noted it while it happened:": (
        "빠진 구간과 그 원인 (녹화기가 그때그때 스스로 기록한 것):"
    ),
    "NOTHING was recorded of {camera}.": "{camera}: 아무것도 녹화되지 않았습니다.",
    "NOT EVERY FILE of {camera} can be played.": "{camera}: 재생할 수 없는 파일이 있습니다.",
    "NOT ACCOUNTED FOR: {seconds:.1f} s of {camera} are missing.": (
        "원인이 기록되지 않은 구간: {seconds:.1f}초 ({camera})."
    ),
    "{count} frames of {camera} were recorded TWICE.": "{count}개 프레임이 두 번 녹화되었습니다 ({camera}).",
    "{camera} had no fault and LOST frames all the same.": "{camera}: 장애가 없었는데도 프레임을 잃었습니다.",
    "Every missing second is accounted for.": "빠진 모든 시간의 원인이 기록되어 있습니다.",
    "Nothing is missing.": "빠진 구간이 없습니다.",
    "{camera} LOST {count} frames because the disk was pulled.": (
        "{camera}: 디스크를 뽑은 탓에 {count}개 프레임을 잃었습니다."
    ),
    "The disk was pulled out while {count} cameras were recorded: {lost} frames were lost by it.": (
        "카메라 {count}대를 녹화하는 동안 디스크를 뽑았습니다. 그 때문에 잃은 프레임: {lost}개."
    ),
    "Not brought to the folder from the demo's disk: {reason}": "데모 디스크에서 폴더로 옮기지 못함: {reason}",
    "The demo did not go on: {reason}": "데모가 중단되었습니다: {reason}",
    "To look further:": "더 살펴보기:",
}

DISKS: Mapping[str, str] = {
    "needs root, to mount": "마운트하려면 root 권한이 필요합니다",
    "there is no losetup (Debian package mount)": "losetup이 없습니다 (Debian 패키지 mount)",
    "this kernel has no loop devices": "이 커널에는 루프 장치가 없습니다",
    "there is no mkfs.{kind} (Debian package {package})": "mkfs.{kind}이(가) 없습니다 (Debian 패키지 {package})",
    "this kernel does not know {kind}": "이 커널은 {kind}을(를) 지원하지 않습니다",
    "this kernel has no FUSE": "이 커널에는 FUSE가 없습니다",
    "there is no libfuse 3 (Debian package fuse3)": "libfuse 3이 없습니다 (Debian 패키지 fuse3)",
    "the library mfusepy is missing: holdfast[lab]": "라이브러리 mfusepy가 없습니다: holdfast[lab]",
}
"""Why there is no disk to pull. English text as `lab.storage.needs` makes it."""
