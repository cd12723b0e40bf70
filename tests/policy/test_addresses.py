"""Requirement C7: any RTSP URL works, and none of its secrets is shown."""

from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from holdfast.domain.secrets import redact
from holdfast.policy.addresses import BadAddress, certificate_place, parse_url, place_of

ANY_TEXT = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)
"""What a person may choose as a user name or a password; a lone surrogate cannot be typed."""
PLAIN_SIGNS = st.text("abcXYZ019-._~!$&'()*+,;=@:", min_size=1)
"""What RFC 3986 lets stand in a user part as it is, and "@", which many write as it is."""


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("rtsp://192.0.2.10", "rtsp://192.0.2.10"),
        ("rtsp://camera.local/stream1", "rtsp://camera.local/stream1"),
        ("rtsp://camera:8554/live", "rtsp://camera:8554/live"),
        ("rtsps://camera.example:322/x", "rtsps://camera.example:322/x"),
        ("RTSP://Camera/X", "rtsp://Camera/X"),
        ("  rtsp://camera/x\n", "rtsp://camera/x"),
        ("rtsp://[2001:db8::7]/x", "rtsp://[2001:db8::7]/x"),
        ("rtsp://[2001:db8::7]:8554/x", "rtsp://[2001:db8::7]:8554/x"),
        ("rtsp://[fe80::1%eth0]:554/x", "rtsp://[fe80::1%eth0]:554/x"),
        ("rtsp://카메라.example/앞문", "rtsp://카메라.example/앞문"),
        (
            "rtsp://camera/cam/realmonitor?channel=1&subtype=0",
            "rtsp://camera/cam/realmonitor?channel=1&subtype=0",
        ),
        ("rtsp://192.0.2.10?channel=1", "rtsp://192.0.2.10?channel=1"),
        ("rtsp://192.0.2.10/a?mail=x@y", "rtsp://192.0.2.10/a?mail=x@y"),
        ("rtsp://192.0.2.10:554/user@site/1", "rtsp://192.0.2.10:554/user@site/1"),
    ],
)
def test_a_url_without_a_user_stays_as_it_is(url: str, bare: str) -> None:
    address = parse_url(url)
    assert (address.url, address.user, address.password) == (bare, "", "")


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("simple", "simple"),
        ("p%40ss", "p@ss"),
        ("p%2Fss%3Fword%23", "p/ss?word#"),
        ("p%3Ass", "p:ss"),
        ("100%25", "100%"),
        ("%20with%20spaces%20", " with spaces "),
        ("%EB%B9%84%EB%B0%80", "비밀"),
        ("비밀번호", "비밀번호"),
        ("p@ss@word", "p@ss@word"),
        ("p:ss:word", "p:ss:word"),
        ("p/ss", "p/ss"),
        ("p?s#s", "p?s#s"),
        ("p@s/s?w#d", "p@s/s?w#d"),
        ("100%", "100%"),
        ("a+b", "a+b"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("place", ["192.0.2.10:554/stream1?x=1", "[::1]/x", "camera.example"])
def test_a_password_may_hold_any_sign_encoded_or_careless(written: str, password: str, place: str) -> None:
    address = parse_url(f"rtsp://admin:{written}@{place}")
    assert (address.url, address.user, address.password) == (f"rtsp://{place}", "admin", password)


@given(user=ANY_TEXT, password=ANY_TEXT)
@example(user="@", password="%2F")
@example(user="관리자", password="비 밀/번?호#")
def test_every_user_and_password_survives_being_encoded(user: str, password: str) -> None:
    address = parse_url(f"rtsp://{quote(user, safe='')}:{quote(password, safe='')}@[2001:db8::1]:554/a?b=c")
    assert (address.user, address.password) == (user, password)
    assert address.url == "rtsp://[2001:db8::1]:554/a?b=c"


@given(user=st.text("abc019", min_size=1), password=PLAIN_SIGNS)
def test_every_password_of_signs_allowed_in_urls_survives_as_it_is(user: str, password: str) -> None:
    address = parse_url(f"rtsp://{user}:{password}@192.0.2.10/live")
    assert (address.user, address.password, address.url) == (user, password, "rtsp://192.0.2.10/live")


@given(user=ANY_TEXT, password=ANY_TEXT)
def test_neither_user_nor_password_is_ever_shown(user: str, password: str) -> None:
    hidden = quote(user, safe=""), quote(password, safe="")
    shown = redact(f"rtsp://{hidden[0]}:{hidden[1]}@192.0.2.10:554/live")
    assert shown == "rtsp://***@192.0.2.10:554/live"


@given(password=st.text("abcdefgh@/?#:%!", min_size=3))
def test_a_careless_password_is_not_shown_either(password: str) -> None:
    assume(not password.endswith("/"))
    shown = redact(f"watching rtsp://admin:{password}@192.0.2.10:554/live now")
    assert password not in shown
    assert "admin" not in shown
    assert shown.startswith("watching rtsp://***@")


def test_a_password_from_elsewhere_is_used_for_a_user_without_one() -> None:
    assert parse_url("rtsp://admin@camera/x", "from a file").password == "from a file"


def test_a_password_in_the_url_comes_before_one_from_elsewhere() -> None:
    assert parse_url("rtsp://admin:own@camera/x", "from a file").password == "own"
    assert parse_url("rtsp://admin:@camera/x", "from a file").password == ""


def test_an_address_does_not_show_its_password() -> None:
    assert "secret" not in repr(parse_url("rtsp://admin:secret@camera/x"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "camera",
        "192.0.2.10:554/x",
        "admin:s3cret@192.0.2.10/x",
        "192.0.2.10/x?user=admin&password=s3cret",
        "http://admin:s3cret@camera/x",
        "rtsp:/camera",
        "rtsp://",
        "rtsp:///x",
        "rtsp://admin:s3cret@",
        "rtsp://admin:s3cret@/x",
        "rtsp://camera:/x",
        "rtsp://camera:0/x",
        "rtsp://camera:65536/x",
        "rtsp://camera:port/x",
        "rtsp://2001:db8::7/x",
        "rtsp://[2001:db8::7/x",
        "rtsp://cam era/x",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_a_sentence_that_hides_the_password(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        parse_url(url)
    assert "rtsp://" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rtsp://camera/x", "rtsp://admin:pw@Camera:554/x"),
        ("rtsps://camera/x", "RTSPS://camera:554/x"),
        ("rtsp://camera", "rtsp://camera:554/"),
        ("rtsp://[::1]/x", "rtsp://[::1]:554/x"),
        ("rtsp://camera?a=1", "rtsp://camera:554?a=1"),
    ],
)
def test_two_ways_to_write_one_place_are_seen_as_one(one: str, other: str) -> None:
    assert place_of(parse_url(one)) == place_of(parse_url(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rtsp://camera/x", "rtsp://camera/X"),
        ("rtsp://camera/x", "rtsp://camera:8554/x"),
        ("rtsp://camera/x", "rtsps://camera/x"),
        ("rtsp://camera/x?channel=1", "rtsp://camera/x?channel=2"),
    ],
)
def test_two_places_are_not_taken_for_one(one: str, other: str) -> None:
    assert place_of(parse_url(one)) != place_of(parse_url(other))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("rtsps://Camera/x", "camera:322"),
        ("rtsps://camera:8322?channel=1", "camera:8322"),
        ("rtsps://[2001:DB8::7]/x", "[2001:db8::7]:322"),
        ("rtsp://camera/x", ""),
    ],
)
def test_a_certificate_belongs_to_host_and_port(url: str, place: str) -> None:
    assert certificate_place(url) == place
