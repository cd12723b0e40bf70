"""What is wrong with what a camera sends. English text as `rtsp` makes it."""

from collections.abc import Mapping

DIALOGUE: Mapping[str, str] = {
    "The camera's answer has too many header fields.": "카메라 응답의 헤더가 너무 많습니다.",
    "The camera's answer has an impossible length.": "카메라 응답의 길이 값이 올바르지 않습니다.",
    "The head of the camera's answer has no end.": "카메라 응답의 헤더가 끝나지 않습니다.",
    "The camera sends data that is no RTSP again and again.": ("카메라가 RTSP가 아닌 데이터를 되풀이해서 보냅니다."),
    "What the camera sends is no RTSP.": "카메라가 보내는 데이터는 RTSP가 아닙니다.",
    "The camera's URL has no usable host and port.": "카메라 URL에 사용할 수 있는 호스트와 포트가 없습니다.",
    "The camera's description of its stream has a URL that is too long.": (
        "카메라의 스트림 설명에 너무 긴 URL이 있습니다."
    ),
    "The camera's description of its stream is too long.": "카메라의 스트림 설명이 너무 깁니다.",
    "The camera's description of its stream has too many tracks.": ("카메라의 스트림 설명에 트랙이 너무 많습니다."),
    "The camera asks too many questions and takes no answers.": (
        "카메라가 요청만 너무 많이 보내고 응답을 받지 않습니다."
    ),
    "The camera's session has a name that is too long.": "카메라의 세션 이름이 너무 깁니다.",
    "the camera does not send over TCP": "카메라가 TCP로 보내지 않습니다",
    "the camera said goodbye (RTCP BYE)": "카메라가 스트림을 끝낸다고 알렸습니다 (RTCP BYE)",
    "the camera did not answer {method} within {seconds} s": (
        "카메라가 {seconds}초 안에 {method}에 응답하지 않았습니다"
    ),
}
