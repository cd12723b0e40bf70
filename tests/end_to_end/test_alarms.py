"""Alarms of a real recorder: a camera that cannot be reached, and comes."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from holdfast.lab.scenarios.stand import await_that, small
from tests.end_to_end.serving import service
from tests.notify.receiver import Receiver, receiver

pytestmark = pytest.mark.timeout(240)
SCRIPT = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"
NOBODY = "rtsp://127.0.0.1:9/nobody"


def events(told: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["event"], one["kind"], one["subject"]) for one in told]


def posted(server: Receiver) -> list[dict[str, Any]]:
    return [one.json for one in server.taken if one.method == "POST"]


def test_a_camera_that_cannot_be_reached_is_told_to_everybody_and_so_is_its_coming(tmp_path: Path) -> None:
    with receiver() as server, service([small()], tmp_path) as made:
        out = tmp_path / "out"
        command = json.dumps([sys.executable, "-c", SCRIPT, str(out)])
        made.head = (
            f'[alarms]\ncommand = {command}\nwebhook = "{server.url}/t0ken"\nheartbeat = "{server.url}/beat"\n'
            'heartbeat_every = "1s"\nunsaved_after = "5s"\nclear_after = "1s"\n'
        )
        good = made.cameras[0].url
        made.cameras[0].url = NOBODY
        made.write()
        made.serve()
        await_that(lambda: bool(posted(server)), 60)
        raised = posted(server)[0]
        assert events([raised]) == [("raised", "not_saved", "cam_01")]
        assert raised["sentence"].startswith("For 5 s nothing of this camera has reached a disk.")
        assert "critical since" in made.ask("status", str(made.root)).stdout
        assert [one["kind"] for one in made.ask_json("alarms", str(made.root), "--json")] == ["not_saved"]
        made.cameras[0].url = good
        made.write()
        await_that(lambda: len(posted(server)) > 1, 60)
        assert events(posted(server))[1] == ("cleared", "not_saved", "cam_01")
        assert made.stop() == 0
        assert {one.method for one in server.taken if one.path == "/beat"} == {"GET"}
        told = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert events(told) == events(posted(server))
        (row,) = made.ask_json("alarms", "--config", str(made.config), "--all", "--json")
        assert (row["id"], row["cleared_ns"]) == (raised["id"], posted(server)[1]["cleared_ns"])
        assert "t0ken" not in made.said()


def test_what_is_raised_when_the_recorder_is_killed_is_cleared_by_the_next(tmp_path: Path) -> None:
    with receiver("hang") as server, service([small()], tmp_path) as made:
        made.head = f'[alarms]\nwebhook = "{server.url}"\nunsaved_after = "5s"\nclear_after = "1s"\n'
        good = made.cameras[0].url
        made.cameras[0].url = NOBODY
        made.write()
        made.serve()

        def alarms(*words: str) -> list[dict[str, Any]]:
            return made.ask_json("alarms", str(made.root), "--json", *words)

        await_that(lambda: bool(alarms()), 60)
        (raised,) = alarms()
        made.kill_everything()
        assert [one["id"] for one in alarms()] == [raised["id"]], "nobody is there to clear it"
        made.cameras[0].url = good
        made.write()
        made.serve()
        made.await_files("cam_01")
        await_that(lambda: not alarms(), 60)
        assert [one["id"] for one in alarms("--all")] == [raised["id"]]
        # The webhook never answers: that holds up neither the recording nor the end.
        assert made.stop() == 0
