"""The recorder's key: made once, whoever asks at the same time; and files that are none."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from holdfast.storage.signing import KEY_NAME, KeyFileError, known_key, public_key, signer

OTHER_KIND = X25519PrivateKey.generate()
OTHER_PRIVATE = OTHER_KIND.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
OTHER_PUBLIC = OTHER_KIND.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_whoever_asks_at_the_same_time_gets_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = {one.public.fingerprint for one in pool.map(lambda _: signer(tmp_path), range(24))}
    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_NAME]
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    known = known_key(tmp_path)
    assert known is not None
    assert {known.fingerprint} == found


def test_it_signs_what_only_its_public_half_verifies(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = signer(tmp_path), signer(tmp_path / "other")
    signature = one.sign(b"footage")
    assert one.public.has_signed(b"footage", signature)
    assert not one.public.has_signed(b"footage!", signature)
    assert not one.public.has_signed(b"footage", signature[:-1])
    assert not other.public.has_signed(b"footage", signature)
    assert public_key(one.public.pem) == one.public


def test_there_is_no_key_before_somebody_signs(tmp_path: Path) -> None:
    assert known_key(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"no key", OTHER_PRIVATE, OTHER_PUBLIC.encode()])
def test_what_is_no_key_is_not_replaced(content: bytes, tmp_path: Path) -> None:
    (tmp_path / KEY_NAME).write_bytes(content)
    with pytest.raises(KeyFileError):
        signer(tmp_path)
    assert (tmp_path / KEY_NAME).read_bytes() == content


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / KEY_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        signer(tmp_path)


@pytest.mark.parametrize("pem", ["", "no key", "\ud800", OTHER_PUBLIC])
def test_what_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(KeyFileError):
        public_key(pem)
