"""The marker of a volume, `.holdfast/volume.json`: read with suspicion, written once, never half.

Everything goes through a descriptor of the volume's folder, so that nothing that is mounted meanwhile gets in between.
"""

import contextlib
import errno
import json
import os
import stat
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from holdfast.domain.volumes import VolumeIdentity

FOLDER = ".holdfast"
NAME = "volume.json"
MOST_BYTES = 4096
MOST_NAME = 255
FORMAT = 1
_BEGINNING = b'{"format": 1, "volume_id": "'
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})
"""What file systems without hard links say, such as FAT (link(2))."""


class MarkerError(Exception):
    """There is a marker, and it says nothing that could be believed. The text says why."""

    def __init__(self, reason: str, *, is_half: bool = False) -> None:
        """`is_half`: it is one of ours whose writing was cut off, so that nobody has used the volume yet."""
        super().__init__(reason)
        self.is_half = is_half


def new_id() -> str:
    """For a volume, or a recorder."""
    return str(uuid.uuid4())


def read_marker(root: int, marker: str = NAME) -> VolumeIdentity | None:
    """What the marker says in the folder of this descriptor; None when there is none. Raises MarkerError, OSError."""
    try:
        with state_folder(root) as folder:
            file = os.open(marker, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise MarkerError("it is no file, or a symbolic link") from error
        raise
    try:
        return _understood(file)
    finally:
        os.close(file)


def make_marker(root: int, identity: VolumeIdentity, marker: str = NAME) -> None:
    """Write the first marker of a volume, or of a backup. Raises FileExistsError when there is one, and OSError."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(FOLDER, 0o700, dir_fd=root)
    with state_folder(root) as folder, _written(folder, identity) as written:
        try:
            os.link(written, marker, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            # The name is taken first; a cut in between leaves an empty marker, which is known for what it is.
            os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640, dir_fd=folder))
            os.rename(written, marker, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    os.fsync(root)


def replace_marker(root: int, identity: VolumeIdentity) -> None:
    """Write the marker in place of whatever is there. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(FOLDER, 0o700, dir_fd=root)
    with state_folder(root) as folder, _written(folder, identity) as written:
        os.rename(written, NAME, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    os.fsync(root)


@contextlib.contextmanager
def state_folder(root: int) -> Iterator[int]:
    """A descriptor of the folder of the marker, in a folder that is open. Raises OSError."""
    descriptor = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _written(folder: int, identity: VolumeIdentity) -> Iterator[str]:
    """A marker under a name of its own, on the disk; gone in the end when it still has that name."""
    name = f"{NAME}.{uuid.uuid4().hex}"
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640, dir_fd=folder)
    try:
        try:
            os.write(file, _text(identity))
            os.fsync(file)
        finally:
            os.close(file)
        yield name
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)


def _text(identity: VolumeIdentity) -> bytes:
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {
        "format": FORMAT,
        "volume_id": identity.volume_id,
        "recorder_id": identity.recorder_id,
        "name": identity.name,
        "made": made,
    }
    return json.dumps(fields).encode("ascii") + b"\n"


def _understood(file: int) -> VolumeIdentity:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise MarkerError("it is no file, or a symbolic link")
    data = os.read(file, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise MarkerError("it is too large")
    body = data.rstrip(b"\0").rstrip()
    begins_well = _BEGINNING.startswith(body) or body.startswith(_BEGINNING)
    if begins_well and not body.endswith(b"}"):
        raise MarkerError("it was not written to its end", is_half=True)
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise MarkerError("it cannot be read") from None
    if not isinstance(fields, dict):
        raise MarkerError("it cannot be read")
    version = fields.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise MarkerError("it was made by a newer release of Holdfast")
    name = fields.get("name")
    if not isinstance(name, str) or len(name) > MOST_NAME or not name.isprintable():
        raise MarkerError("its name cannot be used")
    return VolumeIdentity(_id(fields.get("volume_id")), _id(fields.get("recorder_id")), name)


def _id(value: object) -> str:
    try:
        return str(uuid.UUID(value)) if isinstance(value, str) else _no_id()
    except ValueError:
        return _no_id()


def _no_id() -> str:
    raise MarkerError("its id cannot be used")
