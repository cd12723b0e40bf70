"""Records footage from a server that is not ours, and compares it with the file that the server plays.

With HOLDFAST_FOOTAGE, a folder of MP4 files with H.264, real footage is recorded as well.
"""

import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

SERVER = Path(__file__).with_name("foreign_server.py")
MADE_S = 6


@pytest.fixture(scope="module")
def made_footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small MP4 with H.264 and AAC, as a camera's own recorder would write it."""
    path = tmp_path_factory.mktemp("footage") / "made footage.mp4"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=size=320x240:rate=12:duration={MADE_S}"]
    command += ["-f", "lavfi", "-i", f"sine=duration={MADE_S}", "-c:v", "libx264", "-bf", "0", "-g", "24"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)], check=True)
    return path


def real_footage() -> list[Path]:
    """Files of the folder that HOLDFAST_FOOTAGE names."""
    folder = os.environ.get("HOLDFAST_FOOTAGE")
    return sorted(Path(folder).glob("*.mp4")) if folder else []


def frames_and_duration(path: Path) -> tuple[int, float]:
    """Decoded pictures, and the length that the file states."""
    with av.open(str(path)) as container:
        assert container.duration is not None
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return sum(1 for _ in container.decode(video=0)), float(stream.duration * stream.time_base)


def record_until_it_ends(file: Path, folder: Path) -> Path:
    """Play the file through the server, record it, and return the first segment."""
    _, length_s = frames_and_duration(file)
    server = subprocess.Popen(
        [sys.executable, str(SERVER), str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    # Much longer than the footage, as a busy machine takes seconds to begin: the server ends the stream.
    for_s = f"{length_s + 14:.0f}s"
    try:
        url = server.stdout.readline().strip()
        record = [sys.executable, "-m", "holdfast.app.cli", "record", url, "--to", str(folder), "--segment", "1h"]
        subprocess.run([*record, "--for", for_s, "--plain"], check=True, capture_output=True)
    finally:
        server.stdin.close()
        server.wait(10)
        server.stdout.close()
    return min(folder.rglob("*.mp4"))


def test_footage_from_another_server_has_every_picture_and_its_true_duration(
    made_footage: Path, tmp_path: Path
) -> None:
    segment = record_until_it_ends(made_footage, tmp_path / "recordings")
    frames, duration_s = frames_and_duration(segment)
    assert frames == frames_and_duration(made_footage)[0]
    assert duration_s == pytest.approx(MADE_S, abs=0.1)


@pytest.mark.parametrize("file", real_footage(), ids=lambda file: file.name)
def test_real_footage_has_every_picture_and_its_true_duration(file: Path, tmp_path: Path) -> None:
    segment = record_until_it_ends(file, tmp_path / "recordings")
    frames, duration_s = frames_and_duration(segment)
    original_frames, original_s = frames_and_duration(file)
    assert frames == original_frames
    assert duration_s == pytest.approx(original_s, abs=0.2)
