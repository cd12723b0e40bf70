"""Basic and Digest, with the challenges that cameras write."""

import hashlib
import re
from itertools import count

import pytest

from holdfast.lab.camera_answers import CHALLENGES, sent
from holdfast.lab.messages import Request as LabRequest
from holdfast.lab.messages import challenge as lab_challenge
from holdfast.lab.messages import is_authorized
from holdfast.rtsp.auth import Authenticator, Challenge, Credentials, read_challenges
from holdfast.rtsp.messages import Headers, Response
from holdfast.rtsp.wire import Wire

WHO = Credentials("Mufasa", "Circle of Life")
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def authenticator(*challenges: str, who: Credentials = WHO, cnonce: str = "c0ffee") -> Authenticator:
    made = Authenticator(who, lambda: cnonce)
    made.accept(read_challenges(challenges))
    return made


def fields(value: str) -> dict[str, str]:
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', value)}


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_standard_come_out(algorithm: str, response: str) -> None:
    made = authenticator(RFC_7616.format(algorithm), cnonce=RFC_7616_CNONCE)
    given = fields(made.authorization("GET", "/dir/index.html"))
    assert given["response"] == response
    assert (given["nc"], given["qop"], given["algorithm"]) == ("00000001", "auth", algorithm)
    assert given["opaque"].startswith("FQhe")


def test_the_nonce_count_grows_with_each_request_and_begins_anew_with_a_new_nonce() -> None:
    made = authenticator('Digest realm="r", nonce="n1", qop="auth"')
    counts = [fields(made.authorization("PLAY", "u"))["nc"] for _ in range(3)]
    made.accept(read_challenges(['Digest realm="r", nonce="n1", qop="auth"']))
    counts.append(fields(made.authorization("PLAY", "u"))["nc"])
    made.accept(read_challenges(['Digest realm="r", nonce="n2", qop="auth", stale=true']))
    counts.append(fields(made.authorization("PLAY", "u"))["nc"])
    assert counts == ["00000001", "00000002", "00000003", "00000004", "00000001"]


def test_digest_without_qop_is_that_of_the_first_standard() -> None:
    value = authenticator('Digest realm="Made Up", nonce="98481030"').authorization("DESCRIBE", "rtsp://h/")
    right = md5(f"{md5('Mufasa:Made Up:Circle of Life')}:98481030:{md5('DESCRIBE:rtsp://h/')}")
    assert value == (
        f'Digest username="Mufasa", realm="Made Up", nonce="98481030", uri="rtsp://h/", response="{right}"'
    )


def test_a_session_key_has_the_cnonce_in_it_also_without_qop() -> None:
    given = fields(authenticator('Digest realm="r", nonce="n", algorithm=MD5-sess').authorization("PLAY", "u"))
    secret = md5(f"{md5('Mufasa:r:Circle of Life')}:n:c0ffee")
    assert given["response"] == md5(f"{secret}:n:{md5('PLAY:u')}")
    assert given["cnonce"] == "c0ffee"


def test_basic_is_sent_where_nothing_else_is_offered() -> None:
    assert authenticator("Basic realm=made up").authorization("PLAY", "u") == "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"


@pytest.mark.parametrize(
    "challenges",
    [
        ['Digest realm="r", nonce="n", algorithm=SHA-512-256', 'Basic realm="r"'],
        ['Basic realm="r", Digest realm="r", nonce="n", qop="auth-int"'],
        ['Digest realm="r", nonce=""', "Basic"],
    ],
)
def test_a_password_is_never_sent_in_clear_to_a_camera_that_offers_digest(challenges: list[str]) -> None:
    made = Authenticator(WHO, lambda: "c")
    assert made.accept(read_challenges(challenges)) is None
    assert made.accept(read_challenges(['Basic realm="r"'])) is None
    assert made.authorization("PLAY", "u") == ""


def test_the_strongest_of_several_challenges_is_taken() -> None:
    made = Authenticator(WHO, lambda: "c")
    message = Wire().feed(sent(CHALLENGES["several at once"], 1)).message
    assert isinstance(message, Response)
    offered = read_challenges(message.headers.all("www-authenticate"))
    assert [challenge.scheme for challenge in offered] == ["digest", "basic", "digest"]
    assert made.accept(offered) == Challenge("digest", "made up", "ab,c==", "", "SHA-256", "auth")
    assert made.accept([]) is None
    assert Authenticator(Credentials(), lambda: "c").accept(offered) is None


@pytest.mark.parametrize(
    ("value", "challenge"),
    [
        ("Digest realm='single', nonce='x y'", Challenge("digest", "single", "x y")),
        ("Digest realm=bare nonce=abc== stale=TRUE", Challenge("digest", "bare", "abc==", stale=True)),
        ('DIGEST realm="open, nonce=1', Challenge("digest", "open, nonce=1")),
        (r'Digest realm="a \"b\" c\d",nonce = "1"', Challenge("digest", r'a "b" c\d', "1")),
        ('Digest realm="r",,nonce="1",qop=auth,auth-int', Challenge("digest", "r", "1", qop="auth")),
        ("Negotiate", Challenge("negotiate")),
        ("Digest realm=, nonce=1", Challenge("digest", "", "1")),
    ],
)
def test_odd_quoting_is_understood(value: str, challenge: Challenge) -> None:
    assert read_challenges([value]) == [challenge]


def test_no_more_challenges_are_read_than_any_camera_has() -> None:
    assert len(read_challenges([", ".join(f"Basic realm={number}" for number in range(100))])) == 16
    assert read_challenges(["realm=lost"]) == []


def test_unknown_schemes_and_hashes_are_not_chosen() -> None:
    strengths = [challenge.strength for challenge in read_challenges(["Negotiate", "Digest nonce=1, algorithm=X"])]
    assert strengths == [0, 0]


def test_names_with_quotes_and_other_letters_are_sent_as_they_are() -> None:
    who = Credentials('a"b\\', "비밀번호")
    value = authenticator('Digest realm="r", nonce="n"', who=who).authorization("PLAY", "u")
    assert 'username="a\\"b\\\\"' in value
    assert fields(value)["response"] == md5(f"{md5(who.user + ':r:' + who.password)}:n:{md5('PLAY:u')}")


def test_a_simulated_camera_takes_what_is_sent() -> None:
    numbers = count()
    made = Authenticator(WHO, lambda: f"c{next(numbers)}")
    made.accept(read_challenges([lab_challenge("digest", "n")]))
    headers = {"authorization": made.authorization("PLAY", "rtsp://h/")}
    assert is_authorized(LabRequest("PLAY", "rtsp://h/", headers), "digest", WHO.user, WHO.password, "n")


def test_a_password_shows_nowhere() -> None:
    assert "Circle" not in repr(WHO)
    assert bool(WHO)
    assert not Credentials()
    assert Headers().all("x") == []
