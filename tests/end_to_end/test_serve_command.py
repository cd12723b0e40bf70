"""`holdfast serve` as a person uses it, against simulated cameras."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.lab.scenarios.accounts import account_problems, missing
from holdfast.lab.scenarios.stand import HOLDFAST, await_that, small
from tests.end_to_end.serving import Camera, Service, service

pytestmark = pytest.mark.timeout(180)
PASSWORD = "p@ss:w/rd#1"


def lost_nothing(made: Service, *cameras: int) -> list[str]:
    return [problem for camera in cameras for problem in account_problems(made, camera)]


# ------------------------------------------------------------ start, end


def test_a_service_records_what_its_configuration_says_and_ends_in_order(tmp_path: Path) -> None:
    with service([small(), small()], tmp_path) as made:
        made.cameras[1].keys = {"record": "false", "name": '"Yard"'}
        made.write()
        made.serve()
        made.await_files("cam_01")
        await_that(lambda: made.state("cam_02").get("phase") == "connected", 30)
        assert (made.state("cam_02")["recording"], made.state("cam_02")["name"]) == ("off", "Yard")
        assert made.stop(signal.SIGTERM) == 0
        assert not made.known("cam_02")
        assert {row["state"] for row in made.segments()} == {"final"}
        assert lost_nothing(made, 0) == []


def test_commands_find_the_service_by_its_folder_or_its_configuration(tmp_path: Path) -> None:
    with service([small()], tmp_path) as made:
        made.write()
        made.serve()
        made.await_files("cam_01")
        by_config = ["--config", str(made.config)]
        assert len(made.ask_json("status", *by_config, "--json")) == 1
        for words in (["stop", "cam_01"], ["start", "cam_01"], ["mode", "cam_01", "both"]):
            assert made.ask(*words, *by_config).returncode == 0
        dot = tmp_path / "graph.dot"
        assert made.ask("graph", "cam_01", *by_config, "-o", str(dot)).returncode == 0
        assert "recording-valve" in dot.read_text(encoding="utf-8")
        running = made.ask_json("segments", *by_config, "--json")
        assert made.stop() == 0
        ended = made.ask_json("segments", str(made.root), "--json")
        assert [row["path"] for row in running] == [row["path"] for row in ended][: len(running)]
        assert made.ask("status", *by_config).returncode == 6


def test_the_log_is_one_object_per_line_when_so_wished(tmp_path: Path) -> None:
    with service([small()], tmp_path) as made:
        made.write()
        made.serve("--log-format", "json", "--log-level", "reconnect=debug")
        made.await_files("cam_01")
        assert made.stop() == 0
        lines = [json.loads(line) for line in made.said().splitlines()]
        assert {"config", "reconnect", "rtsp"} <= {line["category"] for line in lines}
        assert any(line["message"] == "cam_01: connected" and line["camera"] == "cam_01" for line in lines)


# ------------------------------------------------------------ what people get wrong


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text + "recrod = true\n", "holdfast.toml:6: [[camera]] one: recrod is not known here. Did you"),
        (lambda text: text + 'segment = "soon"\n', 'segment = "soon" is no time. Write it as 500ms, 90s'),
        (lambda text: text + '[[camera]]\nid = "one"\nurl = "rtsp://h/2"\n', 'id = "one" is the id of another camera'),
        (lambda text: text + '[[camera]]\nid = "two"\nurl = "rtsp://H:554/1"\n', "is the URL of another stream, too"),
        (
            lambda text: text + 'user = "u"\npassword_file = "none"\n',
            'none" cannot be read (No such file or directory)',
        ),
        (lambda text: text[:-4], "holdfast.toml:5: A text has no closing quotation mark."),
        (lambda _: "", "holdfast.toml: The configuration is empty."),
        (lambda text: text.replace("[[camera]]", '[[volume]]\npath = "rec/y"\n[[camera]]'), "lies inside volume main"),
    ],
    ids=["key", "duration", "id", "url", "password file", "half", "empty", "volume"],
)
def test_a_configuration_that_cannot_be_used_is_refused_with_all_that_is_wrong(
    tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    file = tmp_path / "holdfast.toml"
    text = '[[volume]]\npath = "rec"\n[[camera]]\nid = "one"\nurl = "rtsp://h/1"\n'
    file.write_text(change(text), encoding="utf-8")
    for options in (["--check"], []):
        command = [*HOLDFAST, "serve", "--config", str(file), *options]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert answer.returncode == 2
        assert said in answer.stderr


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda made: made.write(made.text() + "recrod = true\n"), "recrod is not known here"),
        (lambda made: made.write(made.text()[:-12]), "A text has no closing quotation mark"),
        (lambda made: made.config.unlink(), "cannot be read (No such file or directory)"),
        (lambda made: made.write(""), "The configuration is empty"),
    ],
    ids=["unknown key", "half written", "removed", "empty"],
)
def test_a_configuration_that_goes_bad_under_the_service_changes_nothing_and_is_said_once(
    tmp_path: Path, spoil: Callable[[Service], None], said: str
) -> None:
    with service([small(), small()], tmp_path) as made:
        made.write()
        made.serve()
        for camera in made.cameras:
            made.await_files(camera.id)
        sessions = made.sessions()
        spoil(made)
        await_that(lambda: said in made.state("cam_01")["config_error"], 20)
        assert said in made.ask("status", str(made.root)).stdout
        time.sleep(2.5)
        made.write()
        await_that(lambda: made.state("cam_01")["config_error"] == "", 20)
        assert made.sessions() == sessions
        assert made.stop() == 0
        assert lost_nothing(made, 0, 1) == []
        assert made.said().count(said) == 1
        assert made.said().count("the configuration can be used again") == 1


# ------------------------------------------------------------ reload


def test_a_camera_that_is_added_is_recorded_and_the_others_lose_nothing(tmp_path: Path) -> None:
    with service([small(), small(), small()], tmp_path) as made:
        later = made.cameras.pop()
        made.write()
        made.serve()
        for camera in made.cameras:
            made.await_files(camera.id)
        made.cameras.append(later)
        made.write()
        made.await_files(later.id)
        time.sleep(2)
        assert made.sessions() == {"cam_01": 1, "cam_02": 1, "cam_03": 1}
        assert made.stop() == 0
        assert lost_nothing(made, 0, 1, 2) == []


def test_a_camera_that_is_removed_ends_with_a_final_file_and_may_come_back(tmp_path: Path) -> None:
    with service([small(), small()], tmp_path) as made:
        made.write()
        made.serve()
        for camera in made.cameras:
            made.await_files(camera.id)
        removed = made.cameras.pop()
        made.write()
        await_that(lambda: list(made.sessions()) == ["cam_01"], 20)
        await_that(lambda: all(r["state"] == "final" for r in made.segments() if r["camera"] == "cam_02"), 20)
        await_that(lambda: len(made.workers()) == 1, 20)
        assert made.ask("start", "cam_02", "--in", str(made.root)).returncode == 1
        before = made.known("cam_02")
        made.cameras.append(removed)
        made.write()
        made.await_files("cam_02", before)
        assert made.sessions() == {"cam_01": 1, "cam_02": 2}
        assert made.stop() == 0
        assert lost_nothing(made, 0) == []
        assert {row["state"] for row in made.segments()} == {"final"}


def test_a_name_or_a_length_of_files_interrupts_nothing_and_another_url_only_its_camera(tmp_path: Path) -> None:
    with service([small(), small(), small()], tmp_path) as made:
        spare = made.cameras.pop()
        made.write()
        made.serve()
        for camera in made.cameras:
            made.await_files(camera.id)
        made.cameras[0].keys = {"name": '"Front door"', "segment": '"2s"'}
        made.write()
        await_that(lambda: made.state("cam_01")["name"] == "Front door", 20)
        time.sleep(1)
        assert made.sessions() == {"cam_01": 1, "cam_02": 1}
        before = made.known("cam_02")
        made.cameras[1].url = spare.url
        made.write()
        made.await_files("cam_02", before)
        assert made.sessions() == {"cam_01": 1, "cam_02": 2}
        assert made.stop() == 0
        assert lost_nothing(made, 0) == []
        assert {row["state"] for row in made.segments()} == {"final"}


def test_a_corrected_password_file_connects_its_camera(tmp_path: Path) -> None:
    spec = replace(small(), auth="digest", user="admin", password=PASSWORD)
    with service([spec, small()], tmp_path) as made:
        secret = tmp_path / "secret"
        secret.write_text("wrong\n", encoding="utf-8")
        made.cameras[0].url = f"rtsp://{made.cameras[0].url.rpartition('@')[2]}"
        made.cameras[0].keys = {"user": '"admin"', "password_file": '"secret"'}
        made.write()
        made.serve()
        made.await_files("cam_02")
        await_that(lambda: made.state("cam_01")["fault_kind"] == "authentication", 30)
        secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
        made.await_files("cam_01")
        assert made.sessions()["cam_02"] == 1
        assert PASSWORD not in made.said()
        assert made.stop() == 0
        assert lost_nothing(made, 1) == []


def test_sighup_reads_the_configuration_at_once_and_ends_nothing(tmp_path: Path) -> None:
    with service([small()], tmp_path) as made:
        made.write()
        made.serve()
        made.await_files("cam_01")
        before = made.config.stat()
        made.cameras[0].keys = {"name": '"A"'}
        made.write()
        # As if nothing had changed: only the signal can tell it.
        os.utime(made.config, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert made.process is not None
        made.process.send_signal(signal.SIGHUP)
        await_that(lambda: made.state("cam_01")["name"] == "A", 20)
        assert made.stop() == 0


# ------------------------------------------------------------ intent


def test_what_was_switched_by_hand_survives_kill_9_and_wins_over_the_configuration(tmp_path: Path) -> None:
    with service([small(), small()], tmp_path) as made:
        made.write()
        made.serve()
        for camera in made.cameras:
            made.await_files(camera.id)
        assert made.ask("stop", "cam_01", "--in", str(made.root)).returncode == 0
        made.kill_everything()
        before, other = made.known("cam_01"), made.known("cam_02")
        made.serve()
        made.await_files("cam_02", other)
        await_that(lambda: made.state("cam_01")["phase"] == "connected", 30)
        assert made.state("cam_01")["recording"] == "off"
        assert "switched off" in made.ask("status", str(made.root)).stdout
        assert made.known("cam_01") == before
        assert made.ask("start", "cam_01", "--in", str(made.root)).returncode == 0
        made.await_files("cam_01", before)
        made.kill_everything()
        made.cameras[0].keys = {"record": "false"}
        made.write()
        before = made.known("cam_01")
        made.serve()
        made.await_files("cam_01", before)
        assert made.stop() == 0


def test_record_also_respects_what_was_switched_in_its_folder(tmp_path: Path) -> None:
    with service([small()], tmp_path) as made:
        made.start()
        made.await_recording([0])
        assert made.ask("stop", "cam_01", "--in", str(made.root)).returncode == 0
        assert made.stop() == 0
        before = made.known("cam_01")
        made.start()
        await_that(lambda: made.state("cam_01").get("phase") == "connected", 30)
        assert made.state("cam_01")["switched_off"]
        time.sleep(1)
        assert made.known("cam_01") == before
        assert made.ask("start", "cam_01", "--in", str(made.root)).returncode == 0
        made.await_files("cam_01", before)
        assert made.stop() == 0
        assert missing(made, 0) >= 0


def test_a_second_stream_is_recorded_into_a_folder_of_its_own(tmp_path: Path) -> None:
    with service([small(), small()], tmp_path) as made:
        sub = made.cameras.pop()
        made.cameras[0] = Camera("cam_01", made.cameras[0].url, {"sub_url": f'"{sub.url}"', "record_sub": "true"})
        made.write()
        made.serve()
        made.await_files("cam_01")
        made.await_files("cam_01_sub")
        assert made.ask("stop", "cam_01/sub", "--in", str(made.root)).returncode == 0
        assert made.stop() == 0
        assert {row["stream"] for row in made.segments()} == {"main", "sub"}
