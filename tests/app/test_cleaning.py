"""What goes by the rules goes from catalog, ledger and disk, wherever that is stopped; what is held stays."""

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from holdfast.app import cleaning, holds_keeping, home_coming, letting_go
from holdfast.app.cleaning import Cleaning, CleaningPorts
from holdfast.app.holds import text_of
from holdfast.app.home_coming import Leftovers, Moves
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.store import Catalog
from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import MonoNs, WallNs
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy.free_space import Room
from holdfast.policy.retention import MinFree, RetentionRules, Short
from holdfast.storage.holds_file import keep_text
from tests.app.recordings import FIRST_NS, LENGTH_NS, NOW_NS, Segment, make
from tests.app.test_home_coming import KilledError, Mortal
from tests.app.two_volumes import TwoVolumes

DAY_NS = 86_400 * 1_000_000_000
BY_AGE = RetentionRules(is_on=True, max_age_ns=DAY_NS)
OLD = [Segment(number) for number in range(4)]
STEPS = 13


@dataclass
class Clock:
    at_ns: int = 0

    def wall_ns(self) -> WallNs:
        return WallNs(NOW_NS + DAY_NS + self.at_ns)

    def mono_ns(self) -> MonoNs:
        return MonoNs(self.at_ns)

    def utc_offset_s(self, _wall_ns: WallNs) -> int:
        return 0


@dataclass
class Rig:
    """A recorder's cleaning on two real folders."""

    two: TwoVolumes
    rules: RetentionRules = BY_AGE
    mover: Moves = field(default_factory=Mortal)
    shorts: list[Sequence[Short]] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)
    clock: Clock = field(default_factory=Clock)

    def cleaning(self) -> Cleaning:
        leftovers = Leftovers(self.two, self.two.catalog, self.two.roots, lambda _: self.mover)
        ports = CleaningPorts(
            self.two,
            self.two.catalog,
            self.clock,
            leftovers,
            self.taken,
            dict,
            self.shorts.append,
            self.two.tmp_path / "state",
            threading.Lock(),
        )
        return Cleaning(ports, self.rules)

    async def clean(self) -> None:
        """Look until there is nothing more to do."""
        made = self.cleaning()
        for _ in range(4):
            await made.look()
            await made.settle()
            self.two.catalog.flush(30)

    def paths(self, volume: str = "home") -> list[str]:
        return [path for path in self.two.files(volume) if path.endswith(".mp4")]

    def gaps(self) -> list[tuple[int, int, object]]:
        found = [gap for gap in self.two.catalog.gaps() if gap.cause == "deleted"]
        return [(gap.from_wall_ns, gap.to_wall_ns or 0, gap.detail["text"]) for gap in found]


@pytest.fixture
def two(tmp_path: Path) -> TwoVolumes:
    made = TwoVolumes(tmp_path)
    make(made.roots["home"], *OLD)
    made.check("home")
    made.catalog.flush(30)
    return made


def begin(number: int) -> int:
    return FIRST_NS + number * LENGTH_NS


def hold(of: SegmentRecord) -> HoldRecord:
    return HoldRecord(
        hold_id="00000000-0000-4000-8000-000000000001",
        camera=of.camera,
        from_wall_ns=WallNs(of.wall_start_ns + 1),
        to_wall_ns=WallNs(of.wall_start_ns + 2),
        reason="evidence",
        created_wall_ns=WallNs(NOW_NS),
    )


async def test_what_is_too_old_goes_and_the_ledger_says_so_and_empty_folders_go(two: TwoVolumes) -> None:
    rows = two.rows()
    await Rig(two).clean()
    assert two.rows() == []
    assert Rig(two).paths() == []
    assert not (two.roots["home"] / "cam_01").exists()
    assert (two.roots["home"] / ".holdfast").is_dir()
    assert Rig(two).gaps() == [(row.wall_start_ns, row.wall_end_ns, "max_age = 1d") for row in rows]
    assert not two.catalog.leftovers("home")
    two.check("home")


async def test_nothing_goes_when_cleaning_is_off_or_nobody_said_anything(two: TwoVolumes) -> None:
    for rules in (RetentionRules(), replace(BY_AGE, is_on=False), RetentionRules(is_on=True)):
        await Rig(two, rules).clean()
        assert len(two.rows()) == len(Rig(two).paths()) == len(OLD)


async def test_what_is_held_stays_until_it_is_released(two: TwoVolumes) -> None:
    held = two.rows()[1]
    two.catalog.post(hold(held))
    two.catalog.flush(30)
    await Rig(two).clean()
    assert [row.path for row in two.rows()] == Rig(two).paths() == [held.path]


async def test_a_hold_that_comes_between_the_plan_and_the_deletion_wins(
    two: TwoVolumes, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = two.rows()[1]
    let_go = letting_go.Deleting._let_go  # noqa: SLF001 - the moment in between

    def late(self: letting_go.Deleting, *arguments: object) -> list[SegmentRecord]:
        with contextlib.closing(Catalog.open(catalog_path(two.tmp_path / "state"))) as other:
            other.post(hold(held))
            assert other.flush(30)
        return let_go(self, *arguments)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr(letting_go.Deleting, "_let_go", late)
    await Rig(two).clean()
    assert [row.path for row in two.rows()] == Rig(two).paths() == [held.path]
    assert [gap[0] for gap in Rig(two).gaps()] == [begin(number) for number in (0, 2, 3)]


@pytest.mark.expects_log("cannot be kept free")
async def test_space_goes_only_as_far_as_is_needed_and_what_cannot_be_kept_is_said(
    two: TwoVolumes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = two.rows()[0]
    free = two.state.of("home")
    rig = Rig(two, RetentionRules(is_on=True, min_free=MinFree(1)))
    made = rig.cleaning()
    limits = {"home": 0, "spare": 0}
    monkeypatch.setattr(RetentionRules, "limit_of", lambda _, room: limits[room.name])
    await made.look()
    await made.settle()
    assert len(rig.paths()) == len(OLD)
    monkeypatch.setattr(cleaning.Cleaning, "_room", lambda _, volume, _space: space_of(volume.name, limits))
    limits["home"] = first.size_bytes - 1
    await made.look()
    await made.settle()
    assert len(rig.paths()) == len(OLD) - 1, "one is enough"
    assert first.path not in rig.paths()
    limits["home"] = 1 << 40
    await made.look()
    await made.settle()
    assert rig.paths() == []
    assert "cannot be kept free" in rig.shorts[-1][0].sentence
    assert free.is_open


def space_of(name: str, limits: Mapping[str, int]) -> Room:
    return Room(name, VolumeSpace(0 if limits[name] else 1, 1 << 41))


@pytest.mark.parametrize("posted_is_lost", [False, True])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("steps", range(1, STEPS + 1))
async def test_a_kill_between_any_two_steps_leaves_what_the_next_life_brings_in_line(
    two: TwoVolumes, monkeypatch: pytest.MonkeyPatch, *, steps: int, after: bool, posted_is_lost: bool
) -> None:
    rows = two.rows()
    mortal = Mortal(steps, after)
    patch(monkeypatch, mortal.in_daemon)
    made = Rig(two, mover=mortal).cleaning()
    with contextlib.suppress(KilledError):
        await made.look()
    await made.settle()
    patch(monkeypatch, Mortal().in_daemon)
    two.next_life(posted_is_lost=posted_is_lost)
    two.check("home")
    two.catalog.flush(30)
    await Rig(two).clean()
    assert two.rows() == []
    assert Rig(two).paths() == []
    assert [gap[:2] for gap in Rig(two).gaps()] == [(row.wall_start_ns, row.wall_end_ns) for row in rows]
    assert not two.catalog.leftovers("home")


async def test_the_steps_are_as_many_as_are_tried(two: TwoVolumes, monkeypatch: pytest.MonkeyPatch) -> None:
    mortal = Mortal()
    patch(monkeypatch, mortal.in_daemon)
    made = Rig(two, mover=mortal).cleaning()
    await made.look()
    await made.settle()
    assert (1 << 20) - mortal.steps == STEPS


def patch(monkeypatch: pytest.MonkeyPatch, in_daemon: Callable[..., object]) -> None:
    for module in (cleaning, letting_go, holds_keeping, home_coming):
        monkeypatch.setattr(module, "in_daemon", in_daemon)


async def test_the_name_of_what_was_deleted_may_be_taken_and_the_new_file_stays(two: TwoVolumes) -> None:
    await Rig(two).clean()
    # A life that was killed before it could say that the file is gone; then somebody set the clock back.
    make(two.roots["home"], OLD[0])
    two.check("home")
    (row,) = two.rows()
    two.catalog.post(replace(row, state=SegmentState.OPEN))
    two.catalog.flush(30)
    leftovers = Leftovers(two, two.catalog, two.roots, lambda _: Mortal())
    await leftovers.remove(two.state.of("home"), row.path)
    assert Rig(two).paths() == [row.path]


async def test_what_somebody_is_busy_with_stays(two: TwoVolumes) -> None:
    row = two.rows()[0]
    await Rig(two, taken={(row.volume, row.path)}).clean()
    assert Rig(two).paths() == [row.path]


@pytest.mark.parametrize("place", ["state", "home"])
async def test_holds_survive_the_loss_of_the_catalog_and_nothing_goes_before_they_are_back(
    two: TwoVolumes, place: str
) -> None:
    held = two.rows()[2]
    two.catalog.post(hold(held))
    two.catalog.flush(30)
    await Rig(two, RetentionRules()).clean()
    copies = {name: (two.tmp_path / name / ".holdfast/holds.json") for name in ("state", "home", "spare")}
    assert {name: copy.read_text(encoding="utf-8") for name, copy in copies.items()} == dict.fromkeys(
        copies, text_of([hold(held)])
    )
    for name, copy in copies.items():
        if name != place:
            copy.unlink()
    two.catalog.close()
    for file in (two.tmp_path / "state/.holdfast").glob("catalog.db*"):
        file.unlink()
    two.catalog = type(two.catalog).begin(two.tmp_path / "state")
    keep_text(two.roots["spare"], "{nonsense")
    rig = Rig(two)
    assert two.catalog.condition.rebuild_needed
    # The rows come back one by one, as the check finds them, and cleaning is at work already.
    for row in [replace(held, end_reason=None)]:
        two.catalog.post(row)
    two.catalog.flush(30)
    await rig.clean()
    assert held.path in rig.paths()
    assert [one.hold_id for one in two.catalog.holds()] == [hold(held).hold_id]


async def test_a_clock_that_jumps_ahead_deletes_nothing_for_an_hour(two: TwoVolumes) -> None:
    rig = Rig(two, replace(BY_AGE, max_age_ns=30 * DAY_NS))
    made = rig.cleaning()
    await made.look()
    await made.settle()
    assert len(rig.paths()) == len(OLD)
    clock = rig.clock
    real = clock.wall_ns
    clock.wall_ns = lambda: WallNs(real() + 3650 * DAY_NS)  # type: ignore[method-assign] # it jumps
    clock.at_ns += 60 * 1_000_000_000
    await made.look()
    await made.settle()
    assert len(rig.paths()) == len(OLD)
    clock.at_ns += 3700 * 1_000_000_000
    await made.look()
    await made.settle()
    assert rig.paths() == []
