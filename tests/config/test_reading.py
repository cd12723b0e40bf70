"""Reading a configuration: what it means, and that everything wrong with it is said with its place."""

import os
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.config.problems import ConfigError
from holdfast.config.reading import MOST_BYTES, read, volume_of
from holdfast.config.settings import (
    BackupSettings,
    CameraSettings,
    LogFormat,
    LoggingSettings,
    RecorderSettings,
    StorageSettings,
)
from holdfast.domain.streams import StreamAddress

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "docs" / "reference" / "holdfast.toml"
SECRET = "s3cr3t"

GOOD = """\
[[volume]]
path = "footage"

[recorder]
segment = "10m"

[[camera]]
id = "cam_01"
url = "rtsp://192.0.2.1/a"

[[camera]]
id = "cam_02"
name = "앞문"
url = "rtsp://192.0.2.2/a"
sub_url = "rtsp://192.0.2.2/b"
user = "admin"
password = "s3cr3t"
record = false
record_sub = true
one_session = true
segment = "30s"
audio = true
transport = "udp"
source = "rtspsrc"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "holdfast.toml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> list[str]:
    """What is said, without the folder."""
    with pytest.raises(ConfigError) as refused:
        read(written(folder, text))
    assert SECRET not in str(refused.value)
    return [line.replace(f"{folder}/", "") for line in refused.value.lines()]


def with_camera(lines: str) -> str:
    return f'[[volume]]\npath = "x"\n\n[[camera]]\nid = "one"\n{textwrap.dedent(lines)}'


def test_a_configuration_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    found = read(written(tmp_path, GOOD))
    assert found.volume == tmp_path / "footage"
    assert found.recorder == RecorderSettings(segment_s=600)
    assert found.cameras == (
        CameraSettings("cam_01", StreamAddress("rtsp://192.0.2.1/a")),
        CameraSettings(
            "cam_02",
            StreamAddress("rtsp://192.0.2.2/a", "admin", SECRET, transport="udp", source="rtspsrc"),
            name="앞문",
            sub=StreamAddress("rtsp://192.0.2.2/b", "admin", SECRET, transport="udp", source="rtspsrc"),
            record=False,
            record_sub=True,
            one_session=True,
            segment_s=30,
            audio=True,
        ),
    )
    assert found.logging == LoggingSettings()
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("lines", "verify", "pins"),
    [
        ("", False, True),
        ('certificate = "first"', False, True),
        ('certificate = "trusted"', True, True),
        ('certificate = "any"', False, False),
    ],
)
def test_which_certificate_is_taken_can_be_set(tmp_path: Path, lines: str, verify: bool, pins: bool) -> None:  # noqa: FBT001 - of a table
    (camera,) = read(written(tmp_path, with_camera(f'url = "rtsps://h"\n{lines}'))).cameras
    assert (camera.main.verify, camera.main.pins) == (verify, pins)


def test_every_timing_and_the_log_can_be_set(tmp_path: Path) -> None:
    text = """
        [recorder]
        retry_base = "5s"
        retry_cap = "2m"
        max_retries = 20
        suspect_after = "1.5s"
        cameras_per_worker = 8
        worker_memory = "1G"
        segment_size = "500M"
        pre_record = "10s"
        [logging]
        format = "json"
        level = "warning"
        levels = { rtsp = "debug", ui_sync = "error" }
        [[volume]]
        path = "/srv/footage"
        [[camera]]
        id = "one"
        url = "rtsp://h"
    """
    found = read(written(tmp_path, text))
    assert found.volume == Path("/srv/footage")
    assert found.recorder == RecorderSettings(5, 120, 20, 1.5, 8, 1 << 30, 900, 500 << 20, 10)
    assert found.logging == LoggingSettings(LogFormat.JSON, "warning", (("rtsp", "debug"), ("ui_sync", "error")))


def test_the_example_is_good_and_is_what_the_command_prints(tmp_path: Path) -> None:
    packed = ROOT / "src" / "holdfast" / "config" / "example.toml"
    assert packed.read_text(encoding="utf-8") == EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "cam_01.password").write_text("pw\n", encoding="utf-8")
    found = read(written(tmp_path, EXAMPLE.read_text(encoding="utf-8")))
    assert [camera.id for camera in found.cameras] == ["cam_01", "cam_02"]
    assert found.cameras[0].main.password == "pw"
    assert found.recorder == RecorderSettings()


def test_every_key_of_the_example_that_is_a_comment_is_known(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    uncommented = "\n".join(
        line[2:] if line.startswith("# ") and (" = " in line or line.startswith("# [")) else line
        for line in text.splitlines()
    )
    (tmp_path / "cam_01.password").write_text("pw\n", encoding="utf-8")
    (tmp_path / "webhook.url").write_text("https://h/w\n", encoding="utf-8")
    found = read(written(tmp_path, uncommented))
    assert found.recorder == RecorderSettings(max_retries=20, segment_size_bytes=500 << 20)
    assert [volume.name for volume in found.volumes] == ["main", "volume2"]
    assert found.storage == StorageSettings(Path("/var/lib/holdfast"), 2 << 30, retry_every_s=6, retries=20)
    assert found.cameras[1].segment_s == 600
    assert found.backup == BackupSettings(Path("/mnt/backup/holdfast"), at_minute=180, cameras=("cam_01",))


def test_a_password_file_is_read_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pass word \nsecond line\n", encoding="utf-8")
    found = read(written(tmp_path, with_camera('url = "rtsp://admin@h"\npassword_file = "secret"\n')))
    assert found.cameras[0].main == StreamAddress("rtsp://h", "admin", "pass word ")
    assert found.files == (tmp_path / "holdfast.toml", tmp_path / "secret")


@pytest.mark.parametrize(
    "lines",
    [
        'url = "rtsp://u@h"\npassword_file = "{name}"',
        'url = "rtsp://h"\n[alarms]\nwebhook_file = "{name}"',
        'url = "rtsp://h"\n[alarms]\nheartbeat_file = "{name}"',
    ],
)
def test_a_file_that_cannot_be_one_is_said_to_its_end(tmp_path: Path, lines: str) -> None:
    far = "folder/" * 30
    (found,) = problems(tmp_path, with_camera(lines.format(name=f"{far}none")))
    assert found.endswith(f'{far}none" cannot be read (No such file or directory).')
    (found,) = problems(tmp_path, with_camera(lines.format(name="no\\u0000ne")))
    assert found.endswith('no\\u0000ne" cannot be the name of a file.')


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "rtsp://h"\nurll = "x"', "holdfast.toml:7: [[camera]] one: urll is not known here. Did you mean url?"),
        (
            'url = "rtsp://h"\nzzz = 1',
            "holdfast.toml:7: [[camera]] one: zzz is not known here. Known are id, name, url",
        ),
        ("", "holdfast.toml:4: [[camera]] one: url is missing."),
        ('url = ""', "holdfast.toml:6: [[camera]] one: url is empty."),
        ("url = 5", "holdfast.toml:6: [[camera]] one: url = 5 is no text. Write it in quotation marks."),
        ('url = "http://u:s3cr3t@h"', "one: http://***@h is no RTSP URL. It must begin with rtsp://"),
        ('url = "u:s3cr3t@h/x"', "one: h/x is no RTSP URL."),
        ('url = "rtsp://h:99999"', "one: rtsp://h:99999 has no usable host and port."),
        (
            'url = "rtsp://h"\nsegment = "soon"',
            'holdfast.toml:7: [[camera]] one: segment = "soon" is no time. Write it',
        ),
        ('url = "rtsp://h"\nsegment = 15', "segment = 15 is no time."),
        ('url = "rtsp://h"\nsegment = "0s"', 'segment = "0s" must be between 1s and 6h.'),
        ('url = "rtsp://h"\nrecord = "yes"', 'record = "yes" must be true or false, without quotation marks.'),
        ('url = "rtsp://h"\nrecord_sub = true', "record_sub = true needs a sub_url."),
        ('url = "rtsp://h"\nsource = "vlc"', 'source = "vlc" must be one of auto, native, rtspsrc.'),
        ('url = "rtsps://h"\ncertificate = "no"', 'certificate = "no" must be one of first, trusted, any.'),
        ('url = "rtsp://h"\ntransport = "http"', 'transport = "http" must be one of tcp, udp.'),
        ('url = "rtsp://h"\npassword = "s3cr3t"', "url has no user, and there is a password."),
        ('url = "rtsp://h"\nuser = "u"\npassword = 5', "password = … is no text."),
        ('url = "rtsp://u:s3cr3t@h"\npassword = "s3cr3t"', "url has a password, and there is another, too."),
        ('url = "rtsp://u@h"\nuser = "v"', "url has a user, and there is the key user, too."),
        ('url = "rtsp://u@h"\npassword = "s3cr3t"\npassword_file = "x"', "password_file: there is a password, too."),
        ('url = "rtsp://u@h"\npassword_file = "none"', 'none" cannot be read (No such file or directory).'),
        ('url = "rtsp://h"\nsub_url = "rtsp://H:554/"', "is the URL of another stream, too ([[camera]] one url:6)."),
        ('url = "rtsp://h"\n[recorder]\nmax_retries = "many"', '[recorder]: max_retries = "many" is no whole number.'),
        ('url = "rtsp://h"\n[recorder]\nmax_retries = 0', "max_retries = 0 must be between 1 and 1000000."),
        ('url = "rtsp://h"\n[recorder]\nmax_retries = true', "max_retries = true is no whole number."),
        ('url = "rtsp://h"\n[recorder]\nworker_memory = "big"', 'worker_memory = "big" is no size. Write it as 500M'),
        ('url = "rtsp://h"\n[recorder]\nworker_memory = "1K"', "must be between 64M and 64G."),
        ('url = "rtsp://h"\n[recorder]\nretry_base = "1m"\nretry_cap = "5s"', ":9: [recorder]: retry_cap is shorter"),
        ('url = "rtsp://h"\n[logging]\nlevel = "loud"', 'level = "loud" must be one of debug, info, warning, error.'),
        ('url = "rtsp://h"\n[logging.levels]\nrstp = "debug"', "rstp is not known here. Did you mean rtsp?"),
        ('url = "rtsp://h"\n[[logging]]\nlevel = "x"', "logging must be a table: [logging] and its keys below it."),
        (
            'url = "rtsp://h"\n[[camera]]\nid = "one"\nurl = "rtsp://g"',
            'id = "one" is the id of another camera, too ([[',
        ),
        ('url = "rtsp://h"\n[[camera]]\nid = "ONE"\nurl = "rtsp://g"', 'id = "ONE" is the id of another camera, too'),
        (
            'url = "rtsp://h"\nsub_url = "rtsp://h/2"\n[[camera]]\nid = "one_sub"\nurl = "rtsp://g"',
            'id = "one_sub" leads to the folder one_sub, as does another camera',
        ),
        ('url = "rtsp://h"\n[[camera]]\nid = "a/b"\nurl = "rtsp://g"', 'cannot be the name of a folder. Write "a_b".'),
        ('url = "rtsp://h"\n[[camera]]\nid = "..."\nurl = "rtsp://g"', 'id = "..." cannot be used.'),
        ('url = "rtsp://h"\n[[camera]]\nurl = "rtsp://g"', "[[camera]] #2: id is missing."),
        ('url = "rtsp://h"\nname = """\nid = "x"\n"""\nidd = 1', ":10: [[camera]] one: idd is not known here."),
    ],
    ids=lambda value: value.splitlines()[-1][:40] if value else "nothing",
)
def test_what_is_wrong_is_said_with_place_key_value_and_what_is_allowed(tmp_path: Path, lines: str, said: str) -> None:
    (found,) = problems(tmp_path, with_camera(lines))
    assert said in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holdfast.toml: The configuration is empty."),
        ("# only a comment\n", "There is no volume."),
        ('camera = "one"\n[[volume]]\npath = "x"\n', "camera must be a list of tables: [[camera]]"),
        ('[[volume]]\npath = "x"\n', "There is no camera. Write [[camera]]"),
        ('[[volume]]\npath = "x"\n[[camera]]\nid = "o', "holdfast.toml:4: A text has no closing quotation mark."),
        ('[[volume]]\npath = "x"\n[[came', "holdfast.toml:3: "),
        ('[[volume]]\npath = "x"\n[[camera]]\nid =', "holdfast.toml:4: A value is missing here"),
        ('[[volume]]\npath = "x"\n[[camera]]\nid', "holdfast.toml:4: An equals sign is missing"),
        (
            '[[volume]]\npath = "x"\npath = "y"\n',
            "holdfast.toml:3: This key or section stands in the file a second time",
        ),
        ("[recorder]\n[recorder]\n", "holdfast.toml:2: This key or section stands in the file a second time."),
        ('levels = { rtsp = "debug"', "holdfast.toml:1: A bracket is not closed."),
        ("x = [1,\n2", "holdfast.toml:2: A bracket is not closed."),
        ("x = yes\n", "holdfast.toml:1: A value is missing here, or is not written as TOML has it"),
    ],
    ids=lambda value: value.splitlines()[-1][:40] if value else "empty",
)
def test_a_file_that_is_half_written_or_no_toml_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in problems(tmp_path, text)), problems(tmp_path, text)


def test_everything_is_said_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = """\
        [[volume]]
        path = "x"
        [[camera]]
        id = "one"
        url = "rtsp://h"
        recrod = false
        [recorder]
        segment = "soon"
        retry_base = 1
    """
    found = problems(tmp_path, text)
    assert [line.split(":")[1] for line in found] == ["6", "8", "9"]


def test_a_camera_with_a_twin_by_another_url_is_named_with_the_line_of_the_other(tmp_path: Path) -> None:
    text = with_camera('url = "rtsp://u:s3cr3t@h/x"\n[[camera]]\nid = "two"\nurl = "rtsp://h:554/x"\n')
    (found,) = problems(tmp_path, text)
    assert found.startswith('holdfast.toml:9: [[camera]] two: url = "rtsp://h:554/x" is the URL of another stream, too')
    assert found.endswith("([[camera]] one url:6).")


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty. Its first line"), (b"\nx", "is empty"), (b"\xff\xfe", "is no UTF-8 text")]
)
def test_a_password_file_without_a_password_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "pw").write_bytes(content)
    (found,) = problems(tmp_path, with_camera('url = "rtsp://u@h"\npassword_file = "pw"'))
    assert "pw" in found
    assert said in found


def test_a_refusal_names_the_files_that_can_make_it_good(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(written(tmp_path, with_camera('url = "rtsp://u@h"\npassword_file = "pw"')))
    assert refused.value.files == (tmp_path / "holdfast.toml", tmp_path / "pw")


def test_a_configuration_that_is_not_there_or_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "holdfast.toml"
    for make, said in (
        (lambda: None, "cannot be read (No such file or directory)"),
        (lambda: file.write_bytes(b"\xff"), "is no UTF-8 text"),
        (lambda: file.write_bytes(b"#" * (MOST_BYTES + 1)), "has more than 1048576 bytes"),
    ):
        make()
        with pytest.raises(ConfigError, match=said.replace("(", r"\(").replace(")", r"\)")):
            read(file)


def test_there_is_a_limit_to_cameras(tmp_path: Path) -> None:
    text = '[[volume]]\npath = "x"\n' + "".join(f'[[camera]]\nid = "c{n}"\nurl = "rtsp://h/{n}"\n' for n in range(1001))
    assert problems(tmp_path, text) == ["holdfast.toml: There are more than 1000 cameras."]


def test_only_the_volume_is_found_whatever_is_wrong_with_the_rest(tmp_path: Path) -> None:
    assert volume_of(written(tmp_path, '[[volume]]\npath = "x"\n[[camera]]\nnonsense = 1\n')) == tmp_path / "x"
    for text in ('[[camera]]\nid = "x"\n', "half = "):
        with pytest.raises(ConfigError):
            volume_of(written(tmp_path, text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD.encode())))
def test_a_file_cut_off_anywhere_is_refused_or_read_but_never_breaks(tmp_path: Path, size: int) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_bytes(GOOD.encode()[:size])
    try:
        read(file)
    except ConfigError as refused:
        assert SECRET not in str(refused)  # noqa: PT017 - it need not be raised
        assert all(problem.sentence for problem in refused.problems)  # noqa: PT017


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.sampled_from(GOOD.splitlines()), st.text(max_size=20))
def test_a_line_that_was_changed_at_will_never_breaks(tmp_path: Path, line: str, instead: str) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text(GOOD.replace(line, instead), encoding="utf-8", errors="surrogatepass")
    try:
        read(file)
    except ConfigError as refused:
        assert refused.problems  # noqa: PT017 - it need not be raised


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_password_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "pw").touch(mode=0o000)
    (found,) = problems(tmp_path, with_camera('url = "rtsp://u@h"\npassword_file = "pw"'))
    assert "cannot be read (Permission denied)" in found
