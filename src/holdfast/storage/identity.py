"""Which volume is that, and can it be used? Looked at before anything is recorded there (requirements D3 and D4).

Runs in the volume's own process, because every step may take as long as the disk likes. Loads little.
"""

import contextlib
import os
import shlex
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeSpace, VolumeState
from holdfast.policy.volume_places import size_words
from holdfast.storage.errors import fault_of, volume_state_of
from holdfast.storage.marker import MarkerError, make_marker, new_id, read_marker, replace_marker
from holdfast.storage.mounts import by_id, covering, parse, read_table

FOLDER_MODE = 0o750
TRY_PREFIX = ".holdfast-try-"
TRY_BYTES = 4096


class VolumeError(Exception):
    """The volume cannot be used as it is."""

    def __init__(self, state: VolumeState, sentence: str) -> None:
        """`sentence`: what is the matter and what to do, for a person."""
        super().__init__(sentence)
        self.state, self.sentence = state, sentence


@dataclass(frozen=True, slots=True)
class OpenedVolume:
    """A volume that is ours and was tried."""

    identity: VolumeIdentity
    file_system: FileSystem
    space: VolumeSpace
    is_new: bool
    """Its marker was made just now."""
    path: str
    """Its folder without symbolic links: what the table of mounts is asked for."""
    full: str = ""
    """Why nothing can be written there although it is ours, as a sentence: no space. Empty when there is some."""


def open_volume(
    root: Path, *, name: str, recorder_id: str, expected: VolumeIdentity | None, reserve_bytes: int
) -> OpenedVolume:
    """Look at a volume, try it, and mark it when it is new.

    `expected`: what is known of it from before; then it is never made anew. `reserve_bytes`: what is to stay free. A
    known volume without space is opened all the same, so that what is there can be cut and deleted. Raises VolumeError.
    """
    place = Path(os.path.realpath(root))
    try:
        folder = _folder_of(place, name, may_be_made=expected is None)
        try:
            return _opened(folder, place, VolumeIdentity("", recorder_id, name), expected, reserve_bytes)
        finally:
            os.close(folder)
    except OSError as error:
        raise _volume_error(error, place) from error


def adopt(root: Path, name: str, recorder_id: str) -> VolumeIdentity:
    """Make a folder the volume of this recorder, whatever its marker says; its id stays when it has one.

    A person has decided that. Raises VolumeError.
    """
    place = Path(os.path.realpath(root))
    try:
        folder = _folder_of(place, name, may_be_made=False)
        try:
            try:
                found = read_marker(folder)
            except MarkerError:
                found = None
            identity = VolumeIdentity(found.volume_id if found is not None else new_id(), recorder_id, name)
            replace_marker(folder, identity)
        finally:
            os.close(folder)
    except OSError as error:
        raise _volume_error(error, place) from error
    return identity


def adopting(place: Path) -> str:
    """The command that makes the folder a volume of this recorder. Sentences end with it."""
    return f"holdfast adopt {shlex.quote(str(place))}"


def identity_of(root: Path) -> VolumeIdentity | None:
    """What the marker of a folder says; None when there is none. Raises MarkerError, OSError."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return read_marker(folder)
    finally:
        os.close(folder)


def space_of(folder: int) -> VolumeSpace:
    """What is free and what there is, by a descriptor on the file system. Raises OSError."""
    found = os.fstatvfs(folder)
    return VolumeSpace(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def file_system_of(folder: int, path: str) -> FileSystem | None:
    """The file system of an open folder, as it is mounted; None when it is not mounted any more. Raises OSError."""
    mounts = parse(read_table())
    mount_id = _mount_id(folder)
    covers = covering(mounts, path)
    found = covers if mount_id is None else by_id(mounts, mount_id)
    if found is not None or covers is not None:
        return found
    # Within a folder that was made the root by chroot, the mount that it lies on is in no table.
    number = os.fstat(folder).st_dev
    return FileSystem("", "", "", 0, f"{os.major(number)}:{os.minor(number)}")


# ------------------------------------------------------------------ inside


def _folder_of(place: Path, name: str, *, may_be_made: bool) -> int:
    """A descriptor of the volume's folder. Raises VolumeError, OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(place, flags)
    except NotADirectoryError:
        raise VolumeError(VolumeState.REFUSED, f"{place} is a file, not a folder. Choose another place.") from None
    except FileNotFoundError:
        if not may_be_made:
            raise _not_mounted(place, name) from None
    try:
        place.mkdir(FOLDER_MODE)
    except FileNotFoundError:
        sentence = (
            f"{place} does not exist, nor does the folder above it. Is the disk mounted? "
            "Make the folder, or choose another."
        )
        raise VolumeError(VolumeState.GONE, sentence) from None
    return os.open(place, flags)


def _opened(
    folder: int, place: Path, ours: VolumeIdentity, expected: VolumeIdentity | None, reserve_bytes: int
) -> OpenedVolume:
    found = _marker(folder, place, expected)
    if found is None and expected is not None:
        raise _not_mounted(place, expected.name)
    if found is not None:
        _check_owner(found, place, ours, expected)
    file_system = file_system_of(folder, str(place))
    if file_system is None:
        raise _not_mounted(place, ours.name)
    if file_system.is_read_only or os.fstatvfs(folder).f_flag & os.ST_RDONLY:
        sentence = f"{place} is mounted read-only. The disk may have been damaged: check it, then mount it for writing."
        raise VolumeError(VolumeState.READ_ONLY, sentence)
    space = space_of(folder)
    full = _full(place, space, reserve_bytes) or try_out(folder, place)
    if found is None and full:
        raise VolumeError(VolumeState.FULL, full)
    identity = _made(folder, place, ours) if found is None else found
    return OpenedVolume(identity, file_system, space, is_new=found is None, path=str(place), full=full)


def _marker(folder: int, place: Path, expected: VolumeIdentity | None) -> VolumeIdentity | None:
    try:
        return read_marker(folder)
    except MarkerError as error:
        if error.is_half and expected is None:
            return None
        sentence = (
            f"The marker of the volume {place} cannot be used ({error}). If the disk is the right one, "
            f"take it over: {adopting(place)}"
        )
        raise VolumeError(VolumeState.REFUSED, sentence) from error


def _check_owner(found: VolumeIdentity, place: Path, ours: VolumeIdentity, expected: VolumeIdentity | None) -> None:
    if found.recorder_id != ours.recorder_id:
        sentence = (
            f"{place} is a volume of another recorder ({found.name}). Mount the right disk, "
            f"or take this one over: {adopting(place)}"
        )
        raise VolumeError(VolumeState.REFUSED, sentence)
    if expected is not None and found.volume_id != expected.volume_id:
        sentence = (
            f"At {place} there is another volume ({found.name}) than the one that belongs there ({expected.name}). "
            f"Mount the right disk, or take this one over: {adopting(place)}"
        )
        raise VolumeError(VolumeState.REFUSED, sentence)


def _full(place: Path, space: VolumeSpace, reserve_bytes: int) -> str:
    reserve_bytes = space.reserve_bytes(reserve_bytes)
    free, wanted = size_words(space.free_bytes), size_words(reserve_bytes)
    sentence = f"The disk of {place} is full: {free} are free, and {wanted} are to stay free. Free some space."
    return sentence if space.free_bytes < reserve_bytes else ""


def try_out(folder: int, place: Path) -> str:
    """Make a folder and a file in it, write, sync, read back, remove. Why there is no space, or "".

    Raises OSError, and VolumeError when other bytes come back.
    """
    name = f"{TRY_PREFIX}{uuid.uuid4().hex}"
    content = os.urandom(TRY_BYTES)
    try:
        os.mkdir(name, FOLDER_MODE, dir_fd=folder)
        came_back = _written_and_read(folder, f"{name}/try", content)
    except OSError as error:
        if volume_state_of(error) is VolumeState.FULL:
            return fault_of(error, place)[1]
        raise
    finally:
        with contextlib.suppress(OSError):
            os.unlink(f"{name}/try", dir_fd=folder)
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=folder)
    if not came_back:
        sentence = f"{place} does not give back what is written to it. The disk is broken: replace it."
        raise VolumeError(VolumeState.GONE, sentence)
    return ""


def _written_and_read(folder: int, name: str, content: bytes) -> bool:
    file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640, dir_fd=folder)
    try:
        os.write(file, content)
        os.fsync(file)
        # Out of the cache, so that it is the disk that is asked.
        with contextlib.suppress(OSError):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        return os.pread(file, TRY_BYTES, 0) == content
    finally:
        os.close(file)


def _made(folder: int, place: Path, ours: VolumeIdentity) -> VolumeIdentity:
    """The marker of a new volume. Raises VolumeError, OSError."""
    identity = replace(ours, volume_id=new_id())
    try:
        make_marker(folder, identity)
    except FileExistsError:
        # Half of one; or a process that was given up has woken and made it.
        found = _marker(folder, place, None)
        if found is not None:
            _check_owner(found, place, ours, None)
            return found
        replace_marker(folder, identity)
    return identity


def _mount_id(descriptor: int) -> int | None:
    """The mount through which something was opened (proc_pid_fdinfo(5)); None where the kernel does not say."""
    lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines()
    return next((int(line.partition(":")[2]) for line in lines if line.startswith("mnt_id:")), None)


def _not_mounted(place: Path, name: str) -> VolumeError:
    sentence = (
        f"The disk of volume {name} is not mounted at {place}. Mount it: recording returns to it by itself. "
        f"To begin with an empty one instead: {adopting(place)}"
    )
    return VolumeError(VolumeState.GONE, sentence)


def _volume_error(error: OSError, place: Path) -> VolumeError:
    return VolumeError(volume_state_of(error) or VolumeState.REFUSED, fault_of(error, place)[1])
