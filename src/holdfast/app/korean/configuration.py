"""What is wrong with a configuration, or with a URL in it. English text as `config` and `policy` make it."""

from collections.abc import Mapping

_ADDRESSES = {
    "{url} is no RTSP URL. It must begin with rtsp:// or rtsps://, such as rtsp://192.0.2.10:554/stream1.": (
        "{url}: RTSP URL이 아닙니다. rtsp:// 또는 rtsps://로 시작해야 합니다. 예: rtsp://192.0.2.10:554/stream1"
    ),
    "{url} has no usable host and port. Write rtsp://HOST:PORT/PATH; IPv6 in brackets, such as [::1].": (
        "{url}: 쓸 수 있는 호스트와 포트가 없습니다. rtsp://HOST:PORT/PATH 형식으로 쓰고, IPv6 주소는 [::1]처럼 "
        "대괄호로 묶으십시오."
    ),
}

_KEYS = {
    "{key} is missing.": "{key}: 없습니다. 꼭 써야 합니다.",
    "{key} is empty.": "{key}: 비어 있습니다.",
    "{key} = {value} is no text. Write it in quotation marks.": (
        "{key} = {value}: 문자열이 아닙니다. 따옴표 안에 쓰십시오."
    ),
    "{key} = {value} must be true or false, without quotation marks.": (
        "{key} = {value}: 따옴표 없이 true 또는 false여야 합니다."
    ),
    "{key} = {value} is no whole number.": "{key} = {value}: 정수가 아닙니다.",
    "{key} = {value} is no time. Write it as 500ms, 90s, 15m or 1h, in quotation marks.": (
        "{key} = {value}: 시간이 아닙니다. 따옴표 안에 500ms, 90s, 15m, 1h처럼 쓰십시오."
    ),
    "{key} = {value} is no size. Write it as 500M or 2G, in quotation marks.": (
        "{key} = {value}: 크기가 아닙니다. 따옴표 안에 500M, 2G처럼 쓰십시오."
    ),
    "{key} = {value} must be between {low} and {high}.": "{key} = {value}: {low}에서 {high} 사이여야 합니다.",
    "{key} = {value} must be one of {choices}.": "{key} = {value}: 다음 중 하나여야 합니다: {choices}.",
    "{key} must be a table: [{name}] and its keys below it.": (
        "{key}: 테이블이어야 합니다. [{name}]을 쓰고 그 아래에 키를 쓰십시오."
    ),
    "{key} must be a list of tables: [[{name}]] and its keys below it, for each.": (
        "{key}: 테이블 목록이어야 합니다. 항목마다 [[{name}]]을 쓰고 그 아래에 키를 쓰십시오."
    ),
    "{key} is not known here. Did you mean {other}?": (
        "{key}: 여기에서 쓸 수 없는 키입니다. {other}을(를) 쓰려고 했습니까?"
    ),
    "{key} is not known here. Known are {keys}.": "{key}: 여기에서 쓸 수 없는 키입니다. 쓸 수 있는 키: {keys}.",
}

_CAMERAS = {
    "record_sub = true needs a sub_url.": "record_sub = true: sub_url이 필요합니다.",
    "{key} = {value} is the URL of another stream, too ({at}).": (
        "{key} = {value}: 다른 스트림과 URL이 같습니다 ({at})."
    ),
    "id = {value} is the id of another camera, too ({at}).": "id = {value}: 다른 카메라와 id가 같습니다 ({at}).",
    "id = {value} leads to the folder {folder}, as does another camera ({at}).": (
        "id = {value}: 다른 카메라와 폴더가 겹칩니다. 폴더: {folder} ({at})."
    ),
    "id = {value} cannot be used. An id has letters or digits.": (
        "id = {value}: 쓸 수 없습니다. id에는 글자나 숫자가 있어야 합니다."
    ),
    "id = {value} cannot be the name of a folder. Write {usable}.": (
        "id = {value}: 폴더 이름으로 쓸 수 없습니다. {usable}(으)로 쓰십시오."
    ),
    "password_file: there is a password, too. Keep one of them.": (
        "password_file: password도 있습니다. 하나만 남기십시오."
    ),
    "{key} has a user, and there is the key user, too. Keep one of them.": (
        "{key}: URL에 사용자가 있는데 user도 있습니다. 하나만 남기십시오."
    ),
    "{key} has a password, and there is another, too. Keep one of them.": (
        "{key}: URL에 비밀번호가 있는데 다른 비밀번호도 있습니다. 하나만 남기십시오."
    ),
    "{key} has no user, and there is a password. Write the key user.": (
        "{key}: 비밀번호는 있는데 사용자가 없습니다. user를 쓰십시오."
    ),
}

_FILE = {
    "The configuration cannot be read ({reason}).": "설정 파일을 읽을 수 없습니다 ({reason}).",
    "The configuration is no UTF-8 text.": "설정 파일이 UTF-8 텍스트가 아닙니다.",
    "The configuration has more than {size} bytes.": "설정 파일이 {size}바이트보다 큽니다.",
    "The configuration is empty. To see one: holdfast serve --example": (
        "설정 파일이 비어 있습니다. 예시 보기: holdfast serve --example"
    ),
    "This key or section stands in the file a second time.": "같은 키나 섹션이 파일에 두 번 있습니다.",
    "A text has no closing quotation mark.": "문자열을 닫는 따옴표가 없습니다.",
    "A bracket is not closed.": "괄호가 닫히지 않았습니다.",
    "An equals sign is missing between a key and its value.": "키와 값 사이에 등호(=)가 없습니다.",
    "A value is missing here, or is not written as TOML has it: texts stand in quotation marks.": (
        "값이 없거나 TOML 형식이 아닙니다. 문자열은 따옴표 안에 씁니다."
    ),
    "This is no TOML.": "TOML 형식이 아닙니다.",
    "There is no camera. Write [[camera]] and its id and url below it.": (
        "카메라가 없습니다. [[camera]]를 쓰고 그 아래에 id와 url을 쓰십시오."
    ),
    "There are more than {most} cameras.": "카메라가 {most}대보다 많습니다.",
    "There is no volume. Write [[volume]] and its path below it.": (
        "볼륨이 없습니다. [[volume]]을 쓰고 그 아래에 path를 쓰십시오."
    ),
    "There are more than {most} volumes.": "볼륨이 {most}개보다 많습니다.",
    "name = {value} cannot be used. A name has 1 to {most} letters, digits or signs.": (
        "name = {value}: 쓸 수 없습니다. 이름은 글자, 숫자, 기호로 1자에서 {most}자까지입니다."
    ),
    "name = {value} is the name of another volume, too. Give each its own.": (
        "name = {value}: 다른 볼륨과 이름이 같습니다. 서로 다른 이름을 지정하십시오."
    ),
    "{key} = {value} cannot be read ({reason}).": "{key} = {value}: 읽을 수 없습니다 ({reason}).",
    "{key} = {value} is no UTF-8 text.": "{key} = {value}: UTF-8 텍스트가 아닙니다.",
    "{key} = {value} cannot be the name of a file.": "{key} = {value}: 파일 이름으로 쓸 수 없습니다.",
    "{key} = {value} is empty. Its first line is what is read.": (
        "{key} = {value}: 비어 있습니다. 첫 줄만 읽으므로 첫 줄에 내용을 쓰십시오."
    ),
    "{key} = {value} cannot be the name of a folder.": "{key} = {value}: 폴더 이름으로 쓸 수 없습니다.",
    "retry_cap is shorter than retry_base.": "retry_cap이 retry_base보다 짧습니다.",
}

CONFIGURATION: Mapping[str, str] = {**_ADDRESSES, **_KEYS, **_CAMERAS, **_FILE}
