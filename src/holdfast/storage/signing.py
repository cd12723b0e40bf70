"""Signatures of the recorder: Ed25519 (RFC 8032), with a key that is made when it is first needed."""

import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from holdfast.storage.segment_file import sync_folder

KEY_NAME = "signing.key"
_MOST_KEY_BYTES = 4096
SIGNATURE_BYTES = 64


class KeyFileError(ValueError):
    """A file holds no key that can be used."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What anybody may know: enough to verify."""

    pem: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the 32 bytes of the key, in hexadecimal."""
        return hashlib.sha256(_public(self.pem).public_bytes_raw()).hexdigest()

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature is one of these data by this key."""
        try:
            _public(self.pem).verify(signature, data)
        except InvalidSignature:
            return False
        return True


def public_key(pem: str) -> PublicKey:
    """The key in a PEM text. Raises KeyFileError."""
    return PublicKey(_public_pem(_public(pem)))


class Signer:
    """Signs with the key of a recorder."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(_public_pem(key.public_key()))

    def sign(self, data: bytes) -> bytes:
        """The signature: 64 bytes."""
        return self._key.sign(data)


def signer(folder: Path) -> Signer:
    """Whoever signs for the recorder whose state folder this is. Makes its key if there is none.

    Raises OSError, KeyFileError.
    """
    path = folder / KEY_NAME
    found = _read(path)
    return Signer(found if found is not None else _make(path))


def known_key(folder: Path) -> PublicKey | None:
    """The public half of the recorder's key; None while it has none. Raises OSError, KeyFileError."""
    found = _read(folder / KEY_NAME)
    return None if found is None else Signer(found).public


def _read(path: Path) -> Ed25519PrivateKey | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        data = file.read(_MOST_KEY_BYTES)
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(str(path))
    return key


def _make(path: Path) -> Ed25519PrivateKey:
    """A new key, whole under its name or not at all; another process may make one at the same time."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink()
    sync_folder(path.parent)
    found = _read(path)
    if found is None:
        raise KeyFileError(str(path))
    return found


def _public(pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode("ascii", "replace"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(pem[:40]) from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(pem[:40])
    return key


def _public_pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
