"""Who asks for thumbnails gets an answer when the process that makes them dies, and so do several at once."""

import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs PyAV")

from holdfast.app.thumbnail_maker import Answer, Maker, MakerDied
from holdfast.app.thumbnails import Why
from holdfast.lab.films import SMALL, Film, film
from tests.app.pictures import most_like, shown_by_ffmpeg
from tests.app.thumbnail_rig import Rig, refused


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return film(SMALL, tmp_path_factory.mktemp("film"))


class Deadly:
    """A process that dies of one file."""

    def __init__(self, path: str) -> None:
        self.path, self.asked = path, 0
        self.inner = Maker()

    def ask(self, request: Mapping[str, object]) -> Answer:
        if request["path"] != self.path or request["do"] != "make":
            return self.inner.ask(request)
        self.asked += 1
        raise MakerDied("the process that makes pictures died of it (signal 11)")

    def close(self) -> None:
        self.inner.close()


def test_a_picture_that_the_process_dies_of_is_not_tried_again_for_a_while(one: Film, tmp_path: Path) -> None:
    deadly = Deadly("cam_01/0.mp4")
    rig = Rig(tmp_path, [deadly])
    rig.record(one), rig.record(one, at_s=6, ordinal=1)
    try:
        refused(lambda: rig.at(1), Why.UNREADABLE, "died of it (signal 11)")
        for _ in range(3):
            refused(lambda: rig.at(1), Why.UNREADABLE, "signal 11); it is not tried again for a while")
        assert deadly.asked == 1
        assert rig.at(7).jpeg
        refused(lambda: rig.at(2), Why.UNREADABLE, "signal 11).")
        rig.thumbnails._deadly.clear()  # noqa: SLF001 - as if the while were over
        refused(lambda: rig.at(1), Why.UNREADABLE, "signal 11).")
        assert deadly.asked == 3
    finally:
        rig.close()


def test_a_process_that_is_killed_in_its_work_costs_one_picture(one: Film, tmp_path: Path) -> None:
    maker = Maker()
    rig = Rig(tmp_path, [maker])
    rig.record(one)
    rig.record(one, at_s=6, ordinal=1)
    try:
        rig.at(0)
        first = maker.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        threading.Timer(0.3, os.kill, (first, signal.SIGKILL)).start()
        refused(lambda: rig.at(1), Why.UNREADABLE, "died of it (signal 9)")
        assert rig.at(8).jpeg
        assert maker.pid not in (None, first)
    finally:
        rig.close()
    assert maker.pid is None


def test_several_threads_ask_and_each_gets_its_picture(one: Film, tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Maker(), Maker()])
    row = rig.record(one)
    pictures = shown_by_ffmpeg(rig.file(row))[::15]
    got: dict[int, int] = {}

    def ask(number: int) -> None:
        got[number] = most_like(rig.at(number % 6 + 0.5, 200 + number // 6).jpeg, pictures)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(18)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert got == {number: number % 6 for number in range(18)}
    finally:
        rig.close()
