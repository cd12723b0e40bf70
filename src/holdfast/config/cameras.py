"""A camera of the configuration, and what cameras must not have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from holdfast.config.first_line import first_line
from holdfast.config.retention import read_own
from holdfast.config.settings import CameraSettings
from holdfast.config.tables import Table, shown
from holdfast.domain.streams import SOURCES, StreamAddress
from holdfast.policy.addresses import BadAddress, parse_url, place_of
from holdfast.policy.naming import camera_id

TRANSPORTS = ("tcp", "udp")
CERTIFICATES = ("first", "trusted", "any")
"""Which one of rtsps is taken: the first one that is seen from then on, one that this machine trusts, every one."""


@dataclass(frozen=True, slots=True)
class Camera:
    """What one table said, whether it holds together or not."""

    table: Table
    id: str
    name: str
    main: StreamAddress | None
    sub: StreamAddress | None
    record: bool
    record_sub: bool
    one_session: bool
    segment_s: float | None
    audio: bool
    max_age_s: float | None
    quota_bytes: int | None
    password_file: Path | None

    @classmethod
    def read(cls, table: Table, folder: Path) -> Self:
        """Read a `[[camera]]`. `folder`: where relative names of password files begin."""
        name_of_camera = _id(table)
        name = table.text("name")
        urls = {key: _address(table, key, required=key == "url") for key in ("url", "sub_url")}
        user, password, password_file = _account(table, folder)
        transport = table.choice("transport", TRANSPORTS) or "tcp"
        source = table.choice("source", SOURCES) or "auto"
        certificate = table.choice("certificate", CERTIFICATES) or "first"
        verify, pins = certificate == "trusted", certificate != "any"
        for key, address in urls.items():
            if address is not None:
                known = _with_account(table, key, address, user, password)
                urls[key] = replace(known, transport=transport, source=source, verify=verify, pins=pins)
        record, record_sub = table.boolean("record", default=True), table.boolean("record_sub", default=False)
        if record_sub and not table.has("sub_url"):
            table.problem("record_sub", "record_sub = true needs a sub_url.")
        one_session = table.boolean("one_session", default=False)
        segment_s = table.duration_s("segment", "1s", "6h")
        audio = table.boolean("audio", default=False)
        max_age_s, quota_bytes = read_own(table)
        table.end()
        return cls(
            table,
            name_of_camera,
            name,
            urls["url"],
            urls["sub_url"],
            record,
            record_sub,
            one_session,
            segment_s,
            audio,
            max_age_s,
            quota_bytes,
            password_file,
        )

    def streams(self) -> Iterator[tuple[str, StreamAddress]]:
        """The streams that there are, by the key of their URL."""
        for key, address in (("url", self.main), ("sub_url", self.sub)):
            if address is not None:
                yield key, address

    def folders(self) -> tuple[str, ...]:
        """Where its footage goes."""
        return (self.id, f"{self.id}_sub") if self.sub is not None else (self.id,)

    def settings(self) -> CameraSettings:
        """The camera, when nothing was wrong with it."""
        assert self.main is not None
        return CameraSettings(
            id=self.id,
            main=self.main,
            name=self.name,
            sub=self.sub,
            record=self.record,
            record_sub=self.record_sub,
            one_session=self.one_session,
            segment_s=self.segment_s,
            audio=self.audio,
            max_age_s=self.max_age_s,
            quota_bytes=self.quota_bytes,
        )


def check_together(cameras: Sequence[Camera]) -> None:
    """Note ids, folders and URLs that two cameras have in common."""
    ids: dict[str, Camera] = {}
    urls: dict[str, tuple[Camera, str]] = {}
    for camera in cameras:
        _check_names(camera, ids)
        for key, address in camera.streams():
            place = place_of(address)
            other, other_key = urls.setdefault(place, (camera, key))
            if (other, other_key) == (camera, key):
                continue
            at = _at(other, other_key)
            camera.table.problem(key, f"{key} = {shown(key, address.url)} is the URL of another stream, too ({at}).")


def _check_names(camera: Camera, ids: dict[str, Camera]) -> None:
    if not camera.id:
        return
    for folder in camera.folders():
        other = ids.setdefault(folder.casefold(), camera)
        if other is camera:
            continue
        value, at = shown("id", camera.id), _at(other, "id")
        if other.id.casefold() == camera.id.casefold():
            camera.table.problem("id", f"id = {value} is the id of another camera, too ({at}).")
        else:
            camera.table.problem("id", f"id = {value} leads to the folder {folder}, as does another camera ({at}).")


def _at(camera: Camera, key: str) -> str:
    line = camera.table.line_of(key)
    return f"{camera.table.section} {key}" if line is None else f"{camera.table.section} {key}:{line}"


def _id(table: Table) -> str:
    given = table.text("id", required=True)
    if not given.strip():
        return ""
    table.section = f"[[camera]] {given}"
    try:
        usable = camera_id(given)
    except ValueError:
        table.problem("id", f"id = {shown('id', given)} cannot be used. An id has letters or digits.")
        return ""
    if usable != given:
        value = shown("id", given)
        table.problem("id", f"id = {value} cannot be the name of a folder. Write {shown('id', usable)}.")
    return usable


def _address(table: Table, key: str, *, required: bool) -> StreamAddress | None:
    url = table.text(key, required=required)
    if not url.strip():
        return None
    try:
        return parse_url(url)
    except BadAddress as error:
        table.problem(key, str(error))
        return None


def _account(table: Table, folder: Path) -> tuple[str, str | None, Path | None]:
    """User, password, and the file that the password came from."""
    user = table.text("user")
    given = table.text("password")
    password = given if table.has("password") else None
    named = table.text("password_file")
    if not named:
        return user, password, None
    file = folder / named
    if password is not None:
        table.problem("password_file", "password_file: there is a password, too. Keep one of them.")
        return user, password, file
    return user, first_line(table, "password_file", file), file


def _with_account(table: Table, key: str, address: StreamAddress, user: str, password: str | None) -> StreamAddress:
    if user and address.user:
        table.problem(key, f"{key} has a user, and there is the key user, too. Keep one of them.")
    if password is not None and address.password:
        table.problem(key, f"{key} has a password, and there is another, too. Keep one of them.")
    if password is not None and not (user or address.user):
        table.problem(key, f"{key} has no user, and there is a password. Write the key user.")
    return replace(address, user=user or address.user, password=address.password if password is None else password)
