import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from holdfast.lab.bench import machine, proc, report
from holdfast.lab.bench.__main__ import main
from holdfast.lab.bench.measure import Measurement, MeasurementError, Sample, Window
from holdfast.lab.bench.runs import Plan, rotated, rounds, run
from holdfast.lab.bench.variants import BARE, EIGHT, FFMPEG, ONE, VARIANTS, Variant
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer

STAT = "4711 (a) b (c) S 17 4711 4711 0 -1 4194560 1 0 0 0 250 50 7 7 20 0 5 0 100 1000 200 18446744073709551615\n"
STATUS = "Name:\tqueue0:src\nThreads:\t5\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n"
ROLLUP = "5583c0000000-7ffe00000000 ---p 00000000 00:00 0 [rollup]\nRss:  2048 kB\nPss:  1000 kB\nPss_Dirty:  500 kB\n"
SMALL = ClipSpec(bitrate_kbps=2000)


def sample(variant: str, cameras: int, number: int = 1, cpu: float = 1.0, pss: int = 0, ring: int = 0) -> Sample:
    return Sample(variant, cameras, number, 10, cpu, 0.2, 0.3, 5, 2, 12 * cameras, 150, 40, pss, ring, None, ())


def fake_proc(folder: Path, parents: dict[int, int]) -> Path:
    for pid, parent in parents.items():
        task = folder / str(pid) / "task" / str(pid)
        task.mkdir(parents=True)
        (folder / str(pid) / "stat").write_text(STAT.replace("4711 (", f"{pid} (").replace("S 17", f"S {parent}"))
        (folder / str(pid) / "smaps_rollup").write_text(ROLLUP)
        (task / "status").write_text(STATUS)
    (folder / "self").mkdir()
    return folder


def test_a_name_with_spaces_and_parentheses_does_not_shift_the_fields() -> None:
    stat = proc.parse_stat(STAT)
    assert (stat.pid, stat.name, stat.state, stat.parent, stat.threads) == (4711, "a) b (c", "S", 17, 5)
    assert stat.cpu_s == pytest.approx(300 / proc.TICKS_PER_S)


def test_what_is_no_state_of_a_process_is_refused() -> None:
    with pytest.raises(ValueError, match="not the state"):
        proc.parse_stat("12 (x) S 1")


def test_switches_memory_and_busy_time_are_read() -> None:
    assert proc.parse_switches(STATUS) == proc.Switches(40, 2)
    assert proc.parse_pss_bytes(ROLLUP) == 1000 * 1024
    ticks = "cpu  100 20 30 9999 8888 5 6 77 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
    assert proc.parse_busy_s(ticks) == pytest.approx(161 / proc.TICKS_PER_S)


def test_a_tree_has_all_descendants_and_nobody_else(tmp_path: Path) -> None:
    folder = fake_proc(tmp_path, {10: 1, 11: 10, 12: 11, 20: 1, 30: 20})
    assert set(proc.tree([10], folder)) == {10, 11, 12}
    assert set(proc.tree([10, 12, 20, 99], folder)) == {10, 11, 12, 20, 30}
    assert proc.switches([10, 11, 99], folder) == proc.Switches(80, 4)
    assert proc.pss_bytes([10, 11], folder) == 2 * 1000 * 1024


def test_the_tree_of_this_machine_has_this_process_and_its_child() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = proc.tree([os.getpid()])
        assert {os.getpid(), child.pid} <= set(found)
        assert proc.pss_bytes([os.getpid()]) > 1_000_000
        assert proc.switches([os.getpid()]).voluntary > 0
        assert proc.busy_s() > 0
        child.communicate(b"\n")


def test_ratios_are_taken_within_a_round() -> None:
    slow_minute = [sample("one", 16, 1, 2.0), sample("bare", 16, 1, 1.0), sample("one", 16, 2, 6.0)]
    slow_minute += [sample("bare", 16, 2, 3.0), sample("one", 16, 3, 2.2), sample("bare", 16, 3, 1.0)]
    slow_minute += [sample("one", 16, 4, 99.0), sample("one", 8, 1, 99.0)]
    assert report.ratio(slow_minute, "one", "bare", 16) == pytest.approx(2.0)
    assert report.ratio(slow_minute, "one", "ffmpeg", 16) is None


def test_the_slope_of_memory_leaves_out_the_ring() -> None:
    samples = [sample("one", 8, pss=100_000_000, ring=20_000_000), sample("one", 16, pss=300_000_000, ring=60_000_000)]
    assert report.slope_bytes(samples, "one") == 160_000_000 / 8
    assert report.slope_bytes(samples[:1], "one") is None


def test_a_bar_is_judged_only_by_what_was_measured() -> None:
    samples = [sample("one", 16, cpu=1.6), sample("eight", 16, cpu=1.2), sample("bare", 16, cpu=1.0)]
    verdicts = [(bar.measured is None, bar.is_missed) for bar in report.bars(samples)]
    assert verdicts[:2] == [(False, True), (False, False)]
    assert {*verdicts[2:4], *verdicts[5:7]} == {(True, False)}
    lossy = [*samples, replace(samples[0], lost_frames=1, problems=("a sentence",))]
    assert [bar.is_missed for bar in report.bars(lossy)][-2:] == [True, True]


def test_tables_are_markdown_with_a_row_per_variant() -> None:
    samples = [sample(variant.key, n, cpu=0.5) for n in (8, 1) for variant in VARIANTS]
    lines = report.figures(samples).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| 1"] * len(VARIANTS) + ["| 8"] * len(VARIANTS)
    assert len({line.count("|") for line in lines}) == 1
    assert "0.50 (0.50–0.50)" in lines[2]
    assert "not measured" in report.judgement(report.bars(samples))


def test_rounds_rotate_and_the_judged_number_of_cameras_has_more() -> None:
    planned = rounds(Plan())
    assert [one.cameras for one in planned] == [16, 1, 8, 32, 64, 16, 16, 1, 8, 32, 64, 16]
    judged = [one.order for one in planned if one.cameras == 16]
    assert [order[0] for order in judged] == list(VARIANTS)[: len(judged)]
    assert all(set(order) == set(VARIANTS) for order in judged)
    assert rotated((ONE, EIGHT, BARE), 4) == (EIGHT, BARE, ONE)


def test_no_round_begins_that_would_end_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Measurement, "run", lambda *_: sample("bare", 1))
    told: list[str] = []
    plan = Plan(cameras=(1,), rounds=3, limit_s=-1, stream=SMALL, variants=(BARE,))
    assert len(run(plan, told.append)) == 1
    assert [line for line in told if "left out" in line] == told[1:]
    assert len(told) == 3


def test_bare_gstreamer_has_all_cameras_in_one_process_and_ffmpeg_one_each(tmp_path: Path) -> None:
    urls = ["rtsp://127.0.0.1:1/a", "rtsp://127.0.0.1:2/b"]
    (bare,) = BARE.commands(urls, tmp_path)
    assert bare.count("rtspsrc") == bare.count("fakesink") == 2
    assert [url for command in FFMPEG.commands(urls, tmp_path) for url in urls if url in command] == urls
    (record,) = EIGHT.commands(urls, tmp_path)
    assert record[record.index("--cameras-per-worker") + 1] == "8"


def test_a_variant_that_ends_by_itself_is_reported_with_its_last_words(tmp_path: Path) -> None:
    script = "import sys; sys.exit('no such thing')"
    broken = Variant("broken", "Broken", lambda _urls, _folder: [[sys.executable, "-c", script]])
    with LabServer([CameraSpec(SMALL)]) as lab:
        measurement = Measurement(lab, broken, 1, tmp_path / "broken", Fraction(15))
        with pytest.raises(MeasurementError, match=r"Broken, 1 cameras: ended with 1\. no such thing"):
            measurement.run(1, Window(0, 1))


@pytest.mark.parametrize("arguments", [["--cameras", "0"], ["--cameras", "100"], ["--rounds", "x"]])
def test_impossible_arguments_are_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "bench: error:" in capsys.readouterr().err


def test_the_machine_is_described(tmp_path: Path) -> None:
    facts = machine.described(tmp_path)
    assert all(facts.values()), facts
    assert machine.as_table(facts).count("\n") == len(facts) + 1


def test_a_small_real_run_measures_all_variants_and_loses_nothing(tmp_path: Path) -> None:
    plan = Plan(cameras=(1,), rounds=1, window=Window(settle_s=0.5, measure_s=2), stream=SMALL, folder=tmp_path)
    told: list[str] = []
    samples = run(plan, told.append)
    assert [s.variant for s in samples] == [variant.key for variant in VARIANTS], told
    assert [s.problems for s in samples] == [()] * len(VARIANTS)
    assert [s.lost_frames for s in samples] == [0, 0, 0, None, None]
    by_key = {s.variant: s for s in samples}
    # The recorder, the capture process, and that of the volume.
    assert by_key["one"].processes == by_key["eight"].processes == 3
    assert by_key["bare"].processes == by_key["ffmpeg"].processes == 1
    assert sum(s.cpu_percent for s in samples) > 0, "the clock of /proc counts in hundredths of a second"
    assert all(s.pss_bytes > 1_000_000 and s.threads >= 1 for s in samples)
    assert by_key["one"].ring_bytes > 0
    assert by_key["one"].first_process_percent < by_key["one"].cpu_percent
    assert "Holdfast, one camera per worker" in report.figures(samples)
    assert list(tmp_path.iterdir()) == []
