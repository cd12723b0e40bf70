"""Segments come home whole and once, wherever that is stopped."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio

from holdfast.app import home_coming
from holdfast.app.home_coming import Mover, MoverError
from holdfast.domain.segments import SegmentMoved, SegmentState
from holdfast.domain.volumes import VolumeSpace, VolumeState
from holdfast.storage import move_process
from tests.app.recordings import Segment, make
from tests.app.two_volumes import GIB, TwoVolumes

ONE, TWO = Segment(0), Segment(1)
PATIENCE_S = 60.0
Result = TypeVar("Result")


class KilledError(Exception):
    """The recorder was killed."""


@dataclass
class Mortal:
    """Implements `home_coming.Moves` in this process, and is where the recorder dies."""

    steps: int = 1 << 20
    """So many are made."""
    after: bool = False
    """Whether the last of them is carried out, and nobody hears of it."""
    asked: int = 0

    async def ask(self, request: Mapping[str, object]) -> dict[str, object]:
        self.asked += 1
        given = {name: value for name, value in request.items() if isinstance(value, str | int)}
        return self.step(lambda: move_process.answer(given, lambda _: None))

    async def in_daemon(self, work: Callable[[], Result]) -> Result:
        return self.step(work)

    def step(self, work: Callable[[], Result]) -> Result:
        self.steps -= 1
        if self.steps < 0 or (self.steps == 0 and not self.after):
            raise KilledError
        done = work()
        if self.steps == 0:
            raise KilledError
        return done

    async def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def two(tmp_path: Path) -> TwoVolumes:
    made = TwoVolumes(tmp_path)
    made.record_elsewhere(ONE)
    return made


@pytest_asyncio.fixture
async def mover() -> AsyncIterator[Mover]:
    made = Mover()
    yield made
    await made.close()


async def test_a_segment_comes_home_with_its_row_and_nothing_stays_behind(two: TwoVolumes, mover: Mover) -> None:
    (before,) = two.rows()
    coming = two.home_coming(mover)
    await coming.look()
    assert two.files("home") == {ONE.path: ONE.content()}
    assert two.files("spare") == {}
    assert two.rows() == [replace(before, volume="home", home="")]
    two.catalog.flush(PATIENCE_S)
    assert not two.catalog.leftovers("spare")
    assert coming.moved == 1


@pytest.mark.parametrize("posted_is_lost", [False, True])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("steps", range(1, 11))
async def test_a_kill_between_any_two_steps_loses_and_repeats_nothing(
    two: TwoVolumes, monkeypatch: pytest.MonkeyPatch, *, steps: int, after: bool, posted_is_lost: bool
) -> None:
    (before,) = two.rows()
    mortal = Mortal(steps, after)
    monkeypatch.setattr(home_coming, "in_daemon", mortal.in_daemon)
    with pytest.raises(KilledError):
        await two.home_coming(mortal).look()
    two.next_life(posted_is_lost=posted_is_lost)
    for name in two.roots:
        two.check(name)
    monkeypatch.setattr(home_coming, "in_daemon", Mortal().in_daemon)
    for _ in range(2):
        await two.home_coming(Mortal()).look()
        two.catalog.flush(PATIENCE_S)
    assert two.files("home") == {ONE.path: ONE.content()}
    assert two.files("spare") == {}
    (row,) = two.rows()
    assert replace(row, end_reason=before.end_reason) == replace(before, volume="home", home="")
    assert not two.catalog.leftovers("spare")
    for name in two.roots:
        two.check(name)
    assert [row.state for row in two.rows()] == [SegmentState.FINAL]


async def test_the_steps_are_as_many_as_are_tried(two: TwoVolumes, monkeypatch: pytest.MonkeyPatch) -> None:
    mortal = Mortal()
    monkeypatch.setattr(home_coming, "in_daemon", mortal.in_daemon)
    await two.home_coming(mortal).look()
    assert (1 << 20) - mortal.steps == 10


async def test_a_row_that_somebody_made_of_the_copy_makes_way(two: TwoVolumes) -> None:
    make(two.roots["home"], ONE)
    two.check("home")
    assert len(two.rows()) == 2
    await two.home_coming(Mortal()).look()
    (row,) = two.rows()
    assert (row.volume, row.home) == ("home", "")
    assert two.files("spare") == {}


async def test_another_file_of_that_name_is_left_alone(two: TwoVolumes) -> None:
    make(two.roots["home"], replace(ONE, run="b"))
    two.check("home")
    await two.home_coming(Mortal()).look()
    assert sorted(two.files("home")) == [ONE.path, ONE.again(run="a", suffix="_2").path]
    assert len(two.rows()) == 2


async def test_a_copy_stays_as_long_as_the_catalog_does_not_have_it(
    two: TwoVolumes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(two.catalog), "flush", lambda *_: False)
    await two.home_coming(Mortal()).look()
    assert two.files("spare") == two.files("home") == {ONE.path: ONE.content()}
    assert [row.volume for row in two.rows()] == ["spare"]


async def test_the_name_of_a_copy_that_was_taken_since_is_not_touched(two: TwoVolumes) -> None:
    two.catalog.post(SegmentMoved(volume="spare", path=TWO.path, to_volume="home", to_path=TWO.path))
    make(two.roots["spare"], TWO)
    two.catalog.flush(PATIENCE_S)
    assert two.catalog.leftovers("spare") == (TWO.path,)
    (row,) = two.rows()
    two.catalog.post(replace(row, path=TWO.path, state=SegmentState.OPEN, home=""))
    two.catalog.flush(PATIENCE_S)
    await two.home_coming(Mortal()).look()
    two.catalog.flush(PATIENCE_S)
    assert two.files("spare") == {TWO.path: TWO.content()}
    assert not two.catalog.leftovers("spare")


@pytest.mark.expects_log("stays on volume spare for now: at .* there is not the volume that belongs there")
async def test_what_cannot_be_moved_is_left_alone_for_a_while(two: TwoVolumes) -> None:
    home = two.state.of("home")
    two.change("home", replace(home, volume_id="another"))
    mortal = Mortal()
    coming = two.home_coming(mortal)
    await coming.look()
    await coming.look()
    assert mortal.asked == 1
    assert two.files("home") == {}
    assert two.files("spare") == {ONE.path: ONE.content()}


@pytest.mark.expects_log("the file .* on volume spare cannot be removed yet")
async def test_a_copy_that_cannot_be_removed_is_told_of(two: TwoVolumes) -> None:
    two.catalog.post(SegmentMoved(volume="spare", path=ONE.path, to_volume="home", to_path=ONE.path))
    two.catalog.flush(PATIENCE_S)
    two.change("spare", replace(two.state.of("spare"), volume_id="another"))
    await two.home_coming(Mortal()).look()
    two.catalog.flush(PATIENCE_S)
    assert two.catalog.leftovers("spare") == (ONE.path,)


@pytest.mark.parametrize(
    ("name", "state", "free_bytes"),
    [
        ("home", VolumeState.GONE, 100 * GIB),
        ("home", VolumeState.SLOW, 100 * GIB),
        ("home", VolumeState.HEALTHY, 0),
        ("spare", VolumeState.SLOW, 100 * GIB),
    ],
)
async def test_it_waits_while_a_volume_is_not_well(
    two: TwoVolumes, name: str, state: VolumeState, free_bytes: int
) -> None:
    volume = two.state.of(name)
    two.change(name, replace(volume, state=state, space=VolumeSpace(free_bytes, 200 * GIB)))
    mortal = Mortal()
    await two.home_coming(mortal).look()
    assert mortal.asked == 0


async def test_a_segment_of_a_volume_that_is_not_configured_stays(two: TwoVolumes) -> None:
    two.state = replace(two.state, volumes=two.state.volumes[:1])
    mortal = Mortal()
    await two.home_coming(mortal).look()
    assert mortal.asked == 0


async def test_a_process_that_was_killed_is_started_again(two: TwoVolumes, mover: Mover) -> None:
    request = {"do": "remove", "root": str(two.roots["spare"]), "volume_id": "another", "path": ONE.path}
    assert "error" in await mover.ask(request)
    process = mover.process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    with pytest.raises(MoverError):
        await mover.ask(request)
    assert "error" in await mover.ask(request)
    assert mover.process is not None
    assert mover.process.pid != process.pid


async def test_a_process_that_cannot_be_started_is_tried_again(
    two: TwoVolumes, mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(home_coming, "COMMAND", ("/nowhere/at-all",))
        with pytest.raises(MoverError, match="cannot be started"):
            await mover.ask({})
    request = {"do": "remove", "root": str(two.roots["spare"]), "volume_id": "another", "path": ONE.path}
    assert "error" in await mover.ask(request)


async def test_a_process_that_is_silent_is_ended(mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_coming, "COMMAND", ("sleep", "1000"))
    monkeypatch.setattr(home_coming, "SILENT_S", 0.05)
    with pytest.raises(MoverError):
        await mover.ask({})
    assert mover.process is None


@pytest.mark.expects_log("segments are not moved home just now: no processes")
async def test_it_goes_on_after_any_trouble_until_it_is_cancelled(
    two: TwoVolumes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stubborn(Mortal):
        async def ask(self, request: Mapping[str, object]) -> dict[str, object]:
            if not self.asked:
                self.asked += 1
                raise MoverError("no processes")
            return await super().ask(request)

        async def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(home_coming, "LOOK_EVERY_S", 0.01)
    stubborn = Stubborn()
    task = asyncio.create_task(two.home_coming(stubborn).run())
    async with asyncio.timeout(PATIENCE_S):
        while two.files("spare"):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stubborn.closed
    assert two.files("home") == {ONE.path: ONE.content()}


async def test_what_is_asked_at_once_is_answered_each_its_own(tmp_path: Path) -> None:
    mover = Mover()
    try:
        asked = [{"do": "remove", "root": str(tmp_path / str(n)), "volume_id": "x", "path": "a"} for n in range(8)]
        answers = await asyncio.gather(*map(mover.ask, asked))
        assert [str(tmp_path / str(n)) in str(said["error"]) for n, said in enumerate(answers)] == [True] * 8
        hasty = asyncio.ensure_future(mover.ask(asked[0]))
        await asyncio.sleep(0)
        hasty.cancel()
        said = await mover.ask(asked[7])
        assert str(tmp_path / "7") in str(said["error"])
    finally:
        await mover.close()
