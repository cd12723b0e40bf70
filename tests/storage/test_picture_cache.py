"""Pictures that are kept: found again, within their limit, and never half."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from holdfast.storage.picture_cache import LEFT_BEHIND_S, Kept, PictureCache, Segment

RUN = "00112233-4455-6677-8899-aabbccddeeff"
FIRST, SECOND = Segment(RUN, 0), Segment(RUN, 1)
S = 10**9


def kept(number: int, size: int = 100, *, is_last: bool = False) -> Kept:
    return Kept(number * S, None if is_last else (number + 1) * S, bytes([number % 256]) * size)


def used(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_a_picture_is_found_for_every_moment_at_which_it_is_the_one_to_show(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "new", 1000)
    cache.put(FIRST, kept(1), 320)
    for at_ns, found in ((S, kept(1)), (2 * S - 1, kept(1)), (S - 1, None), (2 * S, None)):
        assert cache.get(FIRST, at_ns, 320) == found
    assert cache.get(FIRST, S, 160) is cache.get(SECOND, S, 320) is None
    assert PictureCache(tmp_path / "new", 1000).get(FIRST, S, 320) == kept(1)
    assert (tmp_path / "new" / f"{RUN}-0").stat().st_mode & 0o777 == 0o700


def test_the_last_picture_of_a_file_that_grows_is_believed_for_itself_only(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1000)
    cache.put(FIRST, kept(1, is_last=True), 320)
    assert cache.get(FIRST, S, 320) is None
    assert cache.get_exactly(FIRST, S, None, 320) == kept(1, is_last=True)
    assert cache.get_exactly(FIRST, 2 * S, None, 320) is None
    assert cache.get_exactly(FIRST, S, 2 * S, 320) == kept(1)
    assert cache.get(FIRST, 2 * S - 1, 320) == kept(1), "now it is known until when"
    assert len(list(tmp_path.rglob("*.jpg"))) == 1


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1000)
    for number in range(10):
        cache.put(FIRST, kept(number), 320)
        file = next(tmp_path.rglob(f"{number * S}-*.jpg"))
        os.utime(file, (1000 + number, 1000 + number))
    assert cache.get(FIRST, 0, 320) == kept(0), "used again"
    cache.put(SECOND, kept(20), 320)
    assert used(tmp_path) <= 1000
    assert cache.get(FIRST, 0, 320) == kept(0)
    assert cache.get(SECOND, 20 * S, 320) == kept(20)
    assert cache.get(FIRST, S, 320) is None


class Limited(RuleBasedStateMachine):
    """Two processes keep pictures in one folder, each with its own idea of how full it is."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(self.tmp)
        self.caches = [PictureCache(self.folder, 2000), PictureCache(self.folder, 2000)]
        self.put = 0

    tmp = ""

    @rule(who=st.integers(0, 1), number=st.integers(0, 30), size=st.integers(0, 700), ordinal=st.integers(0, 3))
    def keep(self, who: int, number: int, size: int, ordinal: int) -> None:
        self.caches[who].put(Segment(RUN, ordinal), kept(number, size), 320)

    @rule(who=st.integers(0, 1), number=st.integers(0, 30), ordinal=st.integers(0, 3))
    def look(self, who: int, number: int, ordinal: int) -> None:
        found = self.caches[who].get(Segment(RUN, ordinal), number * S, 320)
        assert found is None or set(found.jpeg) == {number}

    @rule(who=st.integers(0, 1), ordinal=st.integers(0, 3))
    def forget(self, who: int, ordinal: int) -> None:
        self.caches[who].forget([Segment(RUN, ordinal)])
        assert Segment(RUN, ordinal) not in self.caches[1 - who].segments()

    @rule(who=st.integers(0, 1))
    def begin_anew(self, who: int) -> None:
        self.caches[who] = PictureCache(self.folder, 2000)

    @invariant()
    def it_is_never_much_too_full(self) -> None:
        assert used(self.folder) <= 2 * 2000, "each counts its own only, and all when it is full"


def test_the_limit_holds_whatever_two_processes_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    class Machine(Limited):
        @property
        def tmp(self) -> str:  # type: ignore[override] # another folder for each run
            return str(tmp_path_factory.mktemp("cache"))

    run_state_machine_as_test(Machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))


@given(jpeg=st.binary(min_size=1, max_size=200), cut=st.integers(0, 199), is_zeroed=st.booleans())
def test_what_a_crash_or_a_power_cut_left_is_no_picture(*, jpeg: bytes, cut: int, is_zeroed: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = PictureCache(folder, 1000)
        cache.put(FIRST, Kept(0, S, jpeg), 320)
        file = next(folder.rglob("*.jpg"))
        spoilt = bytes(len(jpeg)) if is_zeroed else jpeg[: min(cut, len(jpeg) - 1)]
        file.write_bytes(spoilt)
        found = cache.get(FIRST, 0, 320)
        assert found is None or found.jpeg == jpeg
        assert file.exists() == (found is not None)


KILLED = f"""
import sys
from pathlib import Path
from holdfast.storage.picture_cache import *
cache = PictureCache(Path(sys.argv[1]), 20_000)
print("ready", flush=True)
number = 0
while True:
    number += 1
    cache.put(Segment({RUN!r}, number % 5), Kept(number, number + 1, bytes([number % 256]) * 1000), 320)
"""


def test_killed_at_any_moment_it_leaves_whole_pictures_within_the_limit(tmp_path: Path) -> None:
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05)
        process.kill()
        process.wait()
        process.stdout.close()
        for file in tmp_path.rglob("*.jpg"):
            content = file.read_bytes()
            assert len(content) == 1000
            assert len(set(content)) == 1
    assert used(tmp_path) < 20_000 + 5 * 1000
    for file in tmp_path.rglob(".new-*"):
        os.utime(file, (0, 0))
    PictureCache(tmp_path, 20_000).tidy()
    assert not list(tmp_path.rglob(".new-*"))


def test_what_is_being_written_just_now_is_left_alone(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1000)
    cache.put(FIRST, kept(1), 320)
    new = tmp_path / f"{RUN}-0" / ".new-1-1"
    new.write_bytes(b"half")
    (tmp_path / f"{RUN}-7").mkdir()
    cache.tidy()
    assert new.exists()
    assert not (tmp_path / f"{RUN}-7").exists()
    long_ago = time.time() - 2 * LEFT_BEHIND_S
    os.utime(new, (long_ago, long_ago))
    cache.tidy()
    assert not new.exists()
    assert cache.get(FIRST, S, 320) == kept(1)


def test_a_disk_that_takes_nothing_only_means_that_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/holdfast")):
        cache = PictureCache(folder, 1000)
        cache.put(FIRST, kept(1), 320)
        assert cache.get(FIRST, S, 320) is None
        assert cache.segments() == []
        cache.tidy()
        cache.forget([FIRST])


def test_what_is_larger_than_the_limit_or_empty_is_not_kept(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1000)
    cache.put(FIRST, kept(1, 1001), 320)
    cache.put(FIRST, kept(2, 0), 320)
    PictureCache(tmp_path, 0).put(FIRST, kept(3), 320)
    assert used(tmp_path) == 0


def test_foreign_files_are_neither_shown_nor_taken_for_segments(tmp_path: Path) -> None:
    (tmp_path / f"{RUN}-0").mkdir()
    (tmp_path / "something").mkdir()
    (tmp_path / f"{RUN}-0" / "0-1000000000-320.jpg").write_bytes(b"x")
    cache = PictureCache(tmp_path, 1000)
    assert cache.get(FIRST, 0, 320) is None
    assert cache.segments() == [FIRST]


def test_many_threads_keep_and_find(tmp_path: Path) -> None:
    cache, wrong = PictureCache(tmp_path, 5000), []

    def work(salt: int) -> None:
        for number in range(40):
            cache.put(Segment(RUN, salt % 2), kept(number), 320)
            found = cache.get(Segment(RUN, salt % 2), number * S, 320)
            if found is not None and found != kept(number):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(salt,)) for salt in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
