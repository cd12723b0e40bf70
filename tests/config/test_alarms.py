"""The table `[alarms]` of a configuration."""

from pathlib import Path

import pytest

from holdfast.config.problems import ConfigError
from holdfast.config.reading import read
from holdfast.config.settings import AlarmSettings, Settings

SECRET = "https://h.example/t0ken"
REST = '[[volume]]\npath = "x"\n[[camera]]\nid = "one"\nurl = "rtsp://h"\n'


def found(folder: Path, lines: str) -> Settings:
    file = folder / "holdfast.toml"
    file.write_text(f"[alarms]\n{lines}\n{REST}", encoding="utf-8")
    return read(file)


def problems(folder: Path, lines: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        found(folder, lines)
    assert "t0ken" not in str(refused.value)
    return [line.replace(f"{folder}/", "") for line in refused.value.lines()]


def test_nobody_is_told_when_nothing_is_said(tmp_path: Path) -> None:
    assert found(tmp_path, "").alarms == AlarmSettings()


def test_everything_can_be_set(tmp_path: Path) -> None:
    lines = f"""\
        command = ["bin/tell me", "a", ""]
        command_timeout = "5s"
        webhook = "{SECRET}"
        webhook_timeout = "3s"
        heartbeat = "http://[::1]:8080/beat?x=1"
        heartbeat_method = "POST"
        heartbeat_every = "10s"
        unsaved_after = "5s"
        error_after = "0s"
        slow_after = "1m"
        memory_percent = 70
        clear_after = "20s"
    """
    assert found(tmp_path, lines).alarms == AlarmSettings(
        command=(f"{tmp_path}/bin/tell me", "a", ""),
        command_timeout_s=5,
        webhook=SECRET,
        webhook_timeout_s=3,
        heartbeat="http://[::1]:8080/beat?x=1",
        heartbeat_method="POST",
        heartbeat_every_s=10,
        unsaved_after_s=5,
        error_after_s=0,
        slow_after_s=60,
        memory_percent=70,
        clear_after_s=20,
    )


@pytest.mark.parametrize(
    ("given", "expected"), [("mail", "mail"), ("/usr/bin/mail", "/usr/bin/mail"), ("./mail", "{folder}/mail")]
)
def test_a_program_is_looked_for_as_people_expect(tmp_path: Path, given: str, expected: str) -> None:
    assert found(tmp_path, f'command = ["{given}"]').alarms.command == (expected.format(folder=tmp_path),)


def test_a_secret_url_stands_better_in_a_file_which_is_then_watched(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(f" {SECRET} \nmore\n", encoding="utf-8")
    (tmp_path / "beat").write_text("https://앞문.example/경로\n", encoding="utf-8")
    settings = found(tmp_path, 'webhook_file = "hook"\nheartbeat_file = "beat"')
    assert (settings.alarms.webhook, settings.alarms.heartbeat) == (SECRET, "https://앞문.example/경로")
    assert settings.files == (tmp_path / "holdfast.toml", tmp_path / "hook", tmp_path / "beat")
    assert "t0ken" not in repr(settings)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("webhok = 1", "holdfast.toml:2: [alarms]: webhok is not known here. Did you mean webhook?"),
        ('command = "mail me"', '[alarms]: command must be a list of texts, such as ["first", "second"].'),
        ("command = []", "command must begin with a program. Write its arguments behind it, each as a text."),
        ('command = [" "]', "command must begin with a program."),
        ('command = ["a", "\\u0000"]', "command must begin with a program."),
        ("command = [1]", "command must be a list of texts"),
        ("webhook = 5", "webhook = … is no text. Write it in quotation marks."),
        ('webhook_file = "none"', 'none" cannot be read (No such file or directory).'),
        ('heartbeat_every = "0s"', 'heartbeat_every = "0s" must be between 1s and 1h.'),
        ('heartbeat_method = "PUT"', 'heartbeat_method = "PUT" must be one of GET, POST.'),
        ("memory_percent = 0", "memory_percent = 0 must be between 1 and 100."),
        ('unsaved_after = "1s"', 'unsaved_after = "1s" must be between 5s and 1h.'),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, lines: str, said: str) -> None:
    (problem,) = problems(tmp_path, lines)
    assert said in problem


@pytest.mark.parametrize(
    "url",
    [
        "h.example/t0ken",
        "ftp://h/t0ken",
        "https:///t0ken",
        "https://h:0/t0ken",
        "https://h:port/t0ken",
        "https://[x]/t0ken",
        "https://a..b/t0ken",
        "https://h/t0ken with blanks",
        "https://h/t0ken\\u0007",
        "https://h/t0ken" + "x" * 5000,
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_never_shown(tmp_path: Path, url: str) -> None:
    for key in ("webhook", "heartbeat"):
        (problem,) = problems(tmp_path, f'{key} = "{url}"')
        assert problem.endswith(f"{key} is no URL that can be used. Write http://HOST/PATH or https://HOST/PATH.")


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty. Its first line"), (b" \nx", "is empty"), (b"\xff\xfe", "is no UTF-8 text")]
)
def test_a_file_without_a_url_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "hook").write_bytes(content)
    (problem,) = problems(tmp_path, 'webhook_file = "hook"')
    assert said in problem


def test_a_file_with_something_else_in_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("t0ken\n", encoding="utf-8")
    assert "webhook_file is no URL that can be used" in problems(tmp_path, 'webhook_file = "hook"')[0]
    assert "webhook_file: there is webhook, too. Keep one of them." in "".join(
        problems(tmp_path, f'webhook = "{SECRET}"\nwebhook_file = "hook"')
    )
