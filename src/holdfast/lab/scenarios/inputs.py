"""What people get wrong, through the real command line: exit codes, sentences, and secrets that stay secret."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from holdfast.lab.camera import CameraSpec
from holdfast.lab.messages import AuthScheme
from holdfast.lab.remote import LabServer
from holdfast.lab.scenarios.accounts import camera_name, exit_problems, file_problems, problems
from holdfast.lab.scenarios.stand import HOLDFAST, Row, Stand, await_that, small, stand

USAGE, SOFTWARE, FOLDER, BUSY = 2, 3, 4, 5
NOWHERE = "rtsp://127.0.0.1:9/stream"
NOBODY = "65534"
NAME = "앞 문 1"
USER, PASSWORD, WRONG_PASSWORD = "admin", "p@ss:w/rd#1", "wr0ng:p@ss/W#2"


@dataclass(frozen=True, slots=True)
class Case:
    """A command line that cannot work, and what it must say."""

    arguments: tuple[str, ...]
    exit_code: int
    says: str
    program: tuple[str, ...] = HOLDFAST
    environment: tuple[tuple[str, str], ...] = ()


def command_lines(root: Path) -> list[Row]:
    """Every case ends at once with its code and its sentence, and no traceback."""
    root.mkdir(parents=True)
    found = [sentence for case in _cases(root) for sentence in _wrong(case)]
    return [problems("bad command lines", "codes and sentences", found)]


def _cases(root: Path) -> Iterator[Case]:
    fine = str(root / "fine")
    for url in ("camera", "http://127.0.0.1/stream", "rtsp:/127.0.0.1/stream"):
        yield Case((url, "--to", fine), USAGE, "is no RTSP URL. It must begin with rtsp://")
    for url in ("rtsp://", "rtsp://:554/stream", "rtsp://127.0.0.1:99999/stream", "rtsp://[::1/stream", "rtsp://a b/s"):
        yield Case((url, "--to", fine), USAGE, "has no usable host and port")
    yield Case((NOWHERE, NOWHERE, "--to", fine, "--name", "door", "--name", "door"), USAGE, "the same name: door")
    yield Case((NOWHERE, "--to", fine, "--name", "//"), USAGE, "cannot be the name of a camera")
    yield Case((NOWHERE, "--to", fine, "--name", "a", "--name", "b"), USAGE, "more names")
    yield Case((NOWHERE, "--to", fine, "--segment", "soon"), USAGE, "is no time")
    empty = root / "empty"
    empty.touch()
    binary = root / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    yield Case((NOWHERE, "--to", fine, "--password-file", str(empty)), USAGE, "is empty")
    for file in (root / "missing", root, binary):
        yield Case((NOWHERE, "--to", fine, "--password-file", str(file)), USAGE, "cannot be read")
    yield Case((NOWHERE, "--to", str(root / "not" / "there")), FOLDER, "Is the disk mounted?")
    yield Case((NOWHERE, "--to", str(empty)), FOLDER, "is a file, not a folder")
    yield Case((NOWHERE, "--to", str(empty / "below")), FOLDER, "holdfast: ")
    yield from _cases_of_others()
    yield from _cases_without_elements(root)


def _cases_of_others() -> Iterator[Case]:
    """A folder of somebody else's; root may write everywhere, and has to become somebody else."""
    user = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups") if os.geteuid() == 0 else ()
    if subprocess.run([*user, *HOLDFAST, "--version"], capture_output=True, check=False).returncode != 0:
        print("bad command lines: nobody else may run this copy of Holdfast, so one case is left out", file=sys.stderr)
        return
    # Not below a folder of a test, which nobody else may enter.
    with tempfile.TemporaryDirectory(prefix="holdfast-") as theirs:
        Path(theirs).chmod(0o555)
        yield Case((NOWHERE, "--to", theirs), FOLDER, "cannot be written", (*user, *HOLDFAST))


def _cases_without_elements(root: Path) -> Iterator[Case]:
    """GStreamer with all its plugins but one."""
    for number, (plugin, package) in enumerate(
        (
            ("libgstisomp4.so", "gstreamer1.0-plugins-good"),
            ("libgstvideoparsersbad.so", "gstreamer1.0-plugins-bad"),
            ("libgstrtsp.so", "gstreamer1.0-plugins-good"),
        )
    ):
        plugins = root / f"plugins-{number}"
        plugins.mkdir()
        for path in Path("/usr/lib").glob("*/gstreamer-1.0/*.so"):
            if path.name != plugin:
                (plugins / path.name).symlink_to(path)
        environment = (
            ("GST_PLUGIN_SYSTEM_PATH_1_0", str(plugins)),
            ("GST_REGISTRY", str(root / f"registry-{number}")),
        )
        yield Case((NOWHERE, "--to", str(root / "fine")), SOFTWARE, f"apt install {package}", environment=environment)


def _wrong(case: Case) -> list[str]:
    command = [*case.program, "record", *case.arguments]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **dict(case.environment)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return [f"{case.arguments} does not end"]
    found = []
    if done.returncode != case.exit_code:
        found.append(f"{case.arguments}: exit code {done.returncode} instead of {case.exit_code}: {done.stderr[-300:]}")
    if case.says not in " ".join(done.stderr.split()):
        found.append(f"{case.arguments}: {case.says!r} is not said, but {done.stderr[-300:]!r}")
    if "Traceback" in done.stderr + done.stdout:
        found.append(f"{case.arguments}: a traceback")
    return found


# ---------------------------------------------------------------- names, signals, two recorders


def names_and_signals(root: Path, *, seed: int) -> list[Row]:
    """A name with a space and Korean letters; a second recorder; SIGINT and SIGTERM."""
    found: list[str] = []
    with stand([small()], root, "--name", NAME, "--segment", "2s", seed=seed) as made:
        for with_signal in (signal.SIGINT, signal.SIGTERM):
            before = _named(root)
            made.start()
            await_that(partial(_is_recording, made, before), 30)
            second = Case((NOWHERE, "--to", str(root)), BUSY, "Another recorder already works in")
            found += _wrong(second)
            for word in ("stop", "start"):
                switched = made.ask(word, NAME, "--in", str(root))
                found += [f"{word}: {switched.stderr}"] if switched.returncode else []
            time.sleep(3)
            found += exit_problems(made.stop(with_signal))
        found += file_problems(root, NAME)
        listed = [row for row in made.segments() if row["camera"] == NAME]
        if {root / row["path"] for row in listed} != _named(root) or any(row["state"] != "final" for row in listed):
            found.append(f"{len(listed)} segments listed, {len(_named(root))} files")
    return [problems("names and signals", "files, second recorder, exit codes", found)]


def _is_recording(made: Stand, before: set[Path]) -> bool:
    return bool(_named(made.root) - before) and bool(made.status())


def _named(root: Path) -> set[Path]:
    return set((root / NAME).rglob("*.mp4"))


# ---------------------------------------------------------------- secrets


def secrets(root: Path, *, seed: int) -> list[Row]:
    """A password full of special characters, raw, encoded and from a file: it works, and is seen nowhere."""
    root.parent.mkdir(parents=True, exist_ok=True)
    file = root.parent / "password"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    spec = replace(small(), auth=_digest(), user=USER, password=PASSWORD)
    with LabServer([spec, spec, spec], seed=seed) as lab:
        places = [url.rpartition("@")[2] for url in lab.urls]
        logins = (f"{USER}:{PASSWORD}", f"{USER}:{quote(PASSWORD, safe='')}", USER)
        lab.urls = [f"rtsp://{login}@{place}" for login, place in zip(logins, places, strict=True)]
        found = _watched(Stand(lab, [spec] * 3, root, "--password-file", str(file), "--verbose"))
    return [problems("secrets", "works, and is seen nowhere", found)]


def _watched(made: Stand) -> list[str]:
    with _logged(made) as output:
        made.await_recording(range(3))
        await_that(lambda: len(made.status()) == len(made.specs), 10)
        os.kill(made.workers()[0], signal.SIGKILL)
        time.sleep(2)
        seen = list(_places(made))
        found = exit_problems(made.stop())
    found += _shown(PASSWORD, [*seen, *_kept(made, output)])
    for number in range(len(made.specs)):
        found += file_problems(made.root, f"cam_{number + 1:02d}")
    return found


@contextlib.contextmanager
def _logged(made: Stand) -> Iterator[Path]:
    """Start the recorder, its output in a file; it is ended inside."""
    output = made.root.parent / "output"
    try:
        with output.open("wb") as log:
            command = [*HOLDFAST, "record", *made.lab.urls, "--to", str(made.root), "--plain", *made.options]
            made.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        yield output
    finally:
        if made.process is not None:
            made.kill_everything()


def _kept(made: Stand, output: Path) -> Iterator[tuple[str, bytes]]:
    """What is left when it has ended: the log, the catalog, the files."""
    yield "output", output.read_bytes()
    yield from ((path.name, path.read_bytes()) for path in made.root.rglob("*") if path.is_file())


def _shown(password: str, seen: Sequence[tuple[str, bytes]]) -> list[str]:
    spellings = (password.encode(), quote(password, safe="").encode(), password.rpartition("@")[2].encode())
    return [f"the password is in {place}" for place, text in seen if any(s in text for s in spellings)]


def _places(made: Stand) -> Iterator[tuple[str, bytes]]:
    """What can be seen while it runs."""
    assert made.process is not None
    for pid in (made.process.pid, *made.workers()):
        yield f"arguments of {pid}", Path(f"/proc/{pid}/cmdline").read_bytes()
        yield f"environment of {pid}", Path(f"/proc/{pid}/environ").read_bytes()
    yield "status", made.ask("status", str(made.root), "--json").stdout.encode()
    for camera in (camera_name(number) for number in range(len(made.specs))):
        for suffix in ("dot", "svg"):
            picture = made.root.parent / f"{camera}.{suffix}"
            drawn = made.ask("graph", camera, "--in", str(made.root), "-o", str(picture))
            yield f"answer of graph {camera}", drawn.stdout.encode() + drawn.stderr.encode()
            # There is none of a camera that is not connected.
            yield picture.name, picture.read_bytes() if picture.exists() else b""


def wrong_password(root: Path, *, seconds: float, seed: int) -> list[Row]:
    """The camera refuses the password: a sentence, and few tries; another camera is recorded meanwhile."""
    name = "wrong password"
    guarded = replace(small(), auth=_digest(), user=USER, password=PASSWORD)
    specs: Sequence[CameraSpec] = (guarded, small())
    with stand(specs, root, "--verbose", seed=seed) as made:
        made.lab.urls[0] = made.lab.urls[0].replace(quote(PASSWORD, safe=""), quote(WRONG_PASSWORD, safe=""))
        with _logged(made) as output:
            made.await_recording([1])
            time.sleep(seconds)
            state = made.status()[0]
            seen = list(_places(made))
            found = exit_problems(made.stop())
        found += _shown(WRONG_PASSWORD, [*seen, *_kept(made, output)])
        if "refuses the user name or the password" not in state["fault"]:
            found.append(f"the sentence is {state['fault']!r}")
        if made.files(0):
            found.append("there is a file of a camera that let nobody in")
    return [
        Row(name, f"tries in {seconds:.0f} s", state["session"], 2, ""),
        problems(name, "sentence, and the password is seen nowhere", found),
    ]


def _digest() -> AuthScheme:
    return "digest"
