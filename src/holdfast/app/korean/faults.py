"""Faults of cameras, disks and capture processes. English text as `policy` and `storage` make it."""

from collections.abc import Mapping

_CAMERA = {
    "The camera cannot be reached. Check its power, cable and address.": (
        "카메라에 연결할 수 없습니다. 전원, 케이블, 주소를 확인하십시오."
    ),
    (
        "The camera refuses the user name or the password. Correct them; tries are rare, so that the camera does not "
        "lock the account."
    ): (
        "카메라가 사용자 이름 또는 비밀번호를 거부합니다. 바르게 고치십시오. 카메라가 계정을 잠그지 않도록 "
        "재시도는 드물게 합니다."
    ),
    "The camera answers, but has no stream at this path. It may still be starting; otherwise correct the URL.": (
        "카메라가 응답하지만 이 경로에 스트림이 없습니다. 카메라가 아직 시작하는 중일 수 있습니다. 그렇지 않으면 "
        "URL을 고치십시오."
    ),
    "The URL cannot be used. Correct it.": "사용할 수 없는 URL입니다. URL을 고치십시오.",
    "The camera ended the stream. It may be restarting.": (
        "카메라가 스트림을 끝냈습니다. 다시 시작하는 중일 수 있습니다."
    ),
    "The connection is open, but no frames arrive. The camera or the network may be overloaded.": (
        "연결되어 있지만 프레임이 오지 않습니다. 카메라나 네트워크에 과부하가 걸렸을 수 있습니다."
    ),
    "Holdfast's own client does not understand the camera. GStreamer's is used for it.": (
        "Holdfast 자체 클라이언트가 이 카메라를 해석하지 못합니다. GStreamer의 클라이언트를 대신 사용합니다."
    ),
    "The camera offers nothing that can be recorded here. Choose H.264 or H.265 in the camera, or another URL.": (
        "카메라가 녹화할 수 있는 영상을 제공하지 않습니다. 카메라에서 H.264 또는 H.265를 선택하거나 다른 URL을 "
        "사용하십시오."
    ),
    "The camera does not send over this transport. The other one (TCP, UDP) is tried next.": (
        "카메라가 이 전송 방식으로는 보내지 않습니다. 다음에는 다른 방식(TCP, UDP)으로 시도합니다."
    ),
    (
        "Frames arrive, but no key frame, so nothing can be played or recorded yet. Set a shorter key frame interval "
        "(GOP) in the camera."
    ): (
        "프레임은 오지만 키 프레임이 없어 아직 재생하거나 녹화할 수 없습니다. 카메라에서 키 프레임 간격(GOP)을 "
        "더 짧게 설정하십시오."
    ),
    "The sound cannot be recorded at the moment; the picture is not touched by it.": (
        "지금은 소리를 녹음할 수 없습니다. 영상 녹화에는 영향이 없습니다."
    ),
    "The camera sends data that cannot be understood.": "카메라가 해석할 수 없는 데이터를 보냅니다.",
    (
        "The camera's address answers, but nothing listens at this port. The camera may be starting; otherwise correct "
        "the port."
    ): (
        "카메라 주소는 응답하지만 이 포트에서 연결을 받지 않습니다. 카메라가 시작하는 중일 수 있습니다. 그렇지 않으면 "
        "포트를 고치십시오."
    ),
    "Nothing answers at the camera's address. Check its power, cable and address.": (
        "카메라 주소에서 아무 응답이 없습니다. 전원, 케이블, 주소를 확인하십시오."
    ),
    "No address is known for the camera's name. Check the name, or write the address.": (
        "카메라 이름에 해당하는 주소를 찾을 수 없습니다. 이름을 확인하거나 주소를 직접 쓰십시오."
    ),
    "No encrypted connection to the camera comes about. Its certificate may not be trusted here.": (
        "카메라와 암호화된 연결을 맺을 수 없습니다. 카메라의 인증서를 이 컴퓨터가 신뢰하지 않을 수 있습니다."
    ),
    (
        "The camera shows another certificate than before: it was replaced or reset, or something else answers in its "
        "place. `holdfast trust CAMERA --in DIR` accepts it."
    ): (
        "카메라가 전과 다른 인증서를 보냅니다. 카메라를 교체하거나 초기화했거나, 다른 장치가 대신 응답하고 있을 수 "
        "있습니다. 새 인증서는 `holdfast trust CAMERA --in DIR`로 받아들입니다."
    ),
    "The camera is busy: it serves as many viewers as it can. It may still hold an old session.": (
        "카메라가 접속을 더 받지 못합니다. 이미 최대 인원이 접속했거나 이전 세션이 아직 남아 있을 수 있습니다."
    ),
    "The camera answers with an error of its own. Restart it if that goes on.": (
        "카메라가 자체 오류로 응답합니다. 계속되면 카메라를 다시 시작하십시오."
    ),
    "The camera's frames carry no usable times, so they cannot be recorded.": (
        "카메라의 프레임에 쓸 수 있는 시간 정보가 없어 녹화할 수 없습니다."
    ),
    "Packets of the camera did not arrive; the picture is damaged until the next key frame.": (
        "카메라의 패킷 일부가 도착하지 않았습니다. 다음 키 프레임까지 화면이 손상됩니다."
    ),
    "the camera offers no video track at this URL, but {kinds}": (
        "이 URL에 비디오 트랙이 없습니다. 제공되는 것: {kinds}"
    ),
    "the camera sends {codecs}, not H.264 or H.265": "카메라가 보내는 형식: {codecs} (H.264나 H.265가 아님)",
    "{sentence} ({reason})": "{sentence} ({reason})",
}

_STORAGE = {
    "The recordings' folder cannot be written. Check the disk and its mount.": (
        "녹화 폴더에 쓸 수 없습니다. 디스크와 마운트를 확인하십시오."
    ),
    "The disk is full. Free some space: recording goes on by itself.": (
        "디스크가 가득 찼습니다. 공간을 확보하면 녹화가 저절로 계속됩니다."
    ),
    "Footage had to be dropped from memory, because it could not be written in time.": (
        "제때 저장하지 못해 메모리에 있던 영상을 버려야 했습니다."
    ),
    "{seconds} s of footage were lost: the memory that holds it is full.": (
        "영상 {seconds}초를 잃었습니다. 영상을 보관하는 메모리가 가득 찼습니다."
    ),
    "{root} is not open for writing.": "{root}: 쓰기용으로 열려 있지 않습니다.",
    "{root} does not take footage as fast as it comes. Check the disk.": (
        "{root}: 영상이 들어오는 속도만큼 빨리 쓰지 못합니다. 디스크를 확인하십시오."
    ),
    "{root} did not finish its work in time. Check the disk.": (
        "{root}: 제시간에 작업을 마치지 못했습니다. 디스크를 확인하십시오."
    ),
    "The process that writes to {root} ended unexpectedly ({how}). It is started again.": (
        "{root}에 쓰는 프로세스가 예기치 않게 끝났습니다 ({how}). 다시 시작합니다."
    ),
    "exit code {code}": "종료 코드 {code}",
    "signal {number}": "시그널 {number}",
    "The process that writes to {root} talked nonsense. It is started again.": (
        "{root}에 쓰는 프로세스가 알 수 없는 응답을 보냈습니다. 다시 시작합니다."
    ),
    "The process that writes to {root} does not end. It is started again.": (
        "{root}에 쓰는 프로세스가 끝나지 않습니다. 다시 시작합니다."
    ),
    "{root} was unmounted or mounted while it was looked at. It is looked at again.": (
        "{root}: 확인하는 동안 마운트 상태가 바뀌었습니다. 다시 확인합니다."
    ),
    "{root} is still held by an earlier process that waits for its disk. Check the disk.": (
        "{root}: 디스크를 기다리는 이전 프로세스가 아직 사용 중입니다. 디스크를 확인하십시오."
    ),
    "{path} cannot be written ({reason}). {remedy}": "{path}: 쓸 수 없습니다 ({reason}). {remedy}",
    (
        "The disk is full. Free some space; if there is some, it holds as many files as it can (df -i): remove some. "
        "Recording goes on by itself."
    ): (
        "디스크가 가득 찼습니다. 공간을 확보하세요. 공간이 남아 있다면 파일 수가 한도에 이른 것이니(df -i) "
        "파일을 지우세요. 녹화는 저절로 계속됩니다."
    ),
    "The disk quota is used up. Raise it or free some space; recording goes on by itself.": (
        "디스크 할당량을 다 썼습니다. 할당량을 늘리거나 공간을 확보하면 녹화가 저절로 계속됩니다."
    ),
    "The file system is read-only. It may have been damaged: check it, then mount it for writing.": (
        "파일 시스템이 읽기 전용입니다. 손상되었을 수 있으니 검사한 다음 쓰기 가능하게 마운트하십시오."
    ),
    "The disk reports an input/output error. Check its cable and health.": (
        "디스크에서 입출력 오류가 발생했습니다. 케이블과 디스크 상태를 확인하십시오."
    ),
    "The disk is gone. Connect it again.": "디스크가 없어졌습니다. 다시 연결하십시오.",
    "The network share is gone. Check the server and mount it again.": (
        "네트워크 공유가 없어졌습니다. 서버를 확인하고 다시 마운트하십시오."
    ),
    "This user may not write there. Change the owner or the permissions of the folder.": (
        "이 사용자는 그곳에 쓸 권한이 없습니다. 폴더의 소유자나 권한을 바꾸십시오."
    ),
    "The folder has disappeared. Make it again or mount the disk.": (
        "폴더가 사라졌습니다. 다시 만들거나 디스크를 마운트하십시오."
    ),
    "A file is where a folder should be. Move it away.": (
        "폴더가 있어야 할 자리에 파일이 있습니다. 다른 곳으로 옮기십시오."
    ),
    "The name is too long for this file system. Choose a shorter name for the camera.": (
        "이 파일 시스템에는 이름이 너무 깁니다. 카메라 이름을 더 짧게 지으십시오."
    ),
    "Too many files are open. Raise the limit (ulimit -n).": (
        "열린 파일이 너무 많습니다. 한도를 늘리십시오 (ulimit -n)."
    ),
    "Check the disk.": "디스크를 확인하십시오.",
}

_INSIDE = {
    "The picture cannot be decoded; recording is not touched by it.": (
        "영상을 디코딩할 수 없습니다. 녹화에는 영향이 없습니다."
    ),
    "The live view failed; recording is not touched by it.": "실시간 보기가 실패했습니다. 녹화에는 영향이 없습니다.",
    "The recording branch failed and was built anew.": "녹화 분기가 실패하여 새로 만들었습니다.",
    "A part of GStreamer is missing on this machine.": "이 컴퓨터에 GStreamer 구성 요소가 없습니다.",
    "The capture process ended unexpectedly and was replaced.": (
        "캡처 프로세스가 예기치 않게 끝나 새것으로 바꿨습니다."
    ),
    "The capture process did not react any more and was replaced.": (
        "캡처 프로세스가 더 이상 반응하지 않아 새것으로 바꿨습니다."
    ),
    "The capture process used more memory than allowed and was replaced.": (
        "캡처 프로세스가 허용된 것보다 메모리를 많이 써서 새것으로 바꿨습니다."
    ),
    "GStreamer's element {element} is missing: install the package {package} (sudo apt install {package_again}).": (
        "GStreamer 요소 {element}이(가) 없습니다. 패키지 {package}을(를) 설치하십시오 (sudo apt install "
        "{package_again})."
    ),
    (
        "GStreamer's Python bindings are missing: install python3-gi, gir1.2-gstreamer-1.0 and "
        "gir1.2-gst-plugins-base-1.0 (sudo apt install python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0). "
        "({error})"
    ): (
        "GStreamer의 Python 바인딩이 없습니다. python3-gi, gir1.2-gstreamer-1.0, gir1.2-gst-plugins-base-1.0을 "
        "설치하십시오 (sudo apt install python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0). ({error})"
    ),
}

_GAPS = {
    "Recording was switched on, and the camera's first key frame had not come yet.": (
        "녹화를 켰지만 카메라의 첫 키 프레임이 아직 오지 않았습니다."
    ),
    "The camera sent no frames, and neither it nor the network said why.": (
        "카메라가 프레임을 보내지 않았습니다. 카메라도 네트워크도 이유를 알리지 않았습니다."
    ),
    "The recorder was stopped.": "녹화기를 정지했습니다.",
    "The recorder did not run: it was killed, or it crashed.": (
        "녹화기가 실행되지 않았습니다. 강제로 종료되었거나 비정상 종료했습니다."
    ),
    "The machine had no power, or was reset, and started again.": ("컴퓨터의 전원이 끊겼거나 강제로 재시작되었습니다."),
    "The footage was deleted.": "영상이 삭제되었습니다.",
    "The camera was switched to streaming only, which writes nothing.": "스트리밍 전용이라 녹화하지 않았습니다.",
    "The volume that holds the footage is not connected.": "영상이 있는 볼륨이 연결되어 있지 않습니다.",
    "The cause is not known to this version.": "이 버전에서는 알 수 없는 원인입니다.",
}

FAULTS: Mapping[str, str] = {**_CAMERA, **_STORAGE, **_INSIDE, **_GAPS}
