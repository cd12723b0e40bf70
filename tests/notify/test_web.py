"""Requests to servers that fail, hang, are slow, or send on to elsewhere."""

import socket
import threading
import time

import pytest

from holdfast.lab.certificates import unsigned
from holdfast.notify.undelivered import Undelivered
from holdfast.notify.web import MOST_TRIES, Target, request
from tests.notify.receiver import receiver

BODY = '{"sentence": "앞문"}'.encode()


def refused(url: str, body: bytes | None = BODY, timeout_s: float = 10) -> Undelivered:
    with pytest.raises(Undelivered) as failed:
        request(Target.of(url), body, timeout_s)
    assert "t0ken" not in str(failed.value)
    return failed.value


def test_a_message_is_posted_as_json_and_a_sign_of_life_is_a_get() -> None:
    with receiver() as server:
        request(Target.of(f"{server.url}/hook/앞 문?k=v w"), BODY, 10)
        request(Target.of(server.url), None, 10)
    post, get = server.taken
    assert (post.method, post.path) == ("POST", "/hook/%EC%95%9E%20%EB%AC%B8?k=v%20w")
    assert post.json == {"sentence": "앞문"}
    assert post.headers["Content-Type"] == "application/json; charset=utf-8"
    assert (get.method, get.path, get.body) == ("GET", "/", b"")
    assert get.headers["User-Agent"].startswith("Holdfast/")


def test_user_and_password_of_a_url_are_sent_as_http_has_them() -> None:
    with receiver() as server:
        request(Target.of(server.url.replace("//", "//me:p%40ss@")), None, 10)
    assert server.taken[0].headers["Authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize(
    ("status", "tries"),
    [
        (500, MOST_TRIES),
        (503, MOST_TRIES),
        (429, MOST_TRIES),
        (408, MOST_TRIES),
        (400, 1),
        (401, 1),
        (404, 1),
        (304, 1),
    ],
)
def test_a_refusal_says_whether_another_try_makes_sense(status: int, tries: int) -> None:
    with receiver(status) as server:
        failed = refused(f"{server.url}/t0ken")
    assert str(failed) == f"the server answers with {status}"
    assert failed.tries == tries


def test_a_server_that_hangs_has_a_deadline() -> None:
    with receiver("hang") as server:
        failed = refused(server.url, timeout_s=0.3)
    assert (str(failed), failed.tries) == ("no answer within 0.3 s", None)


def test_a_server_that_says_a_letter_now_and_then_has_the_same_deadline() -> None:
    with receiver("drip") as server:
        begun_s = time.monotonic()
        failed = refused(server.url, timeout_s=0.5)
    assert str(failed) == "no answer within 0.5 s"
    assert time.monotonic() - begun_s < 10, "it would go on for minutes"


def test_a_server_that_talks_nonsense_is_tried_again() -> None:
    with receiver("nonsense") as server:
        assert refused(server.url).tries is None


def test_nobody_there_is_tried_again_without_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    failed = refused(f"http://127.0.0.1:{port}/t0ken")
    assert (str(failed), failed.tries) == ("Connection refused", None)


def test_a_name_that_nobody_knows_is_tried_again_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failed = refused("http://nobody.example/t0ken")
    assert (str(failed), failed.tries) == ("no address is known for its name", None)


def test_a_redirection_within_the_server_is_followed_with_the_message() -> None:
    with receiver((308, "/new/"), (307, "newer"), 200) as server:
        request(Target.of(server.url), BODY, 10)
    assert [(one.method, one.path, one.body) for one in server.taken] == [
        ("POST", "/", BODY),
        ("POST", "/new/", BODY),
        ("POST", "/new/newer", BODY),
    ]


def test_a_sign_of_life_follows_every_redirection_within_the_server() -> None:
    with receiver((301, "/a"), (302, "/b"), (303, "/c"), 200) as server:
        request(Target.of(server.url), None, 10)
    assert [one.path for one in server.taken] == ["/", "/a", "/b", "/c"]


def test_a_redirection_to_another_place_is_not_followed() -> None:
    with receiver() as elsewhere, receiver((308, f"{elsewhere.url}/t0ken")) as server:
        failed = refused(server.url)
        assert str(failed) == f"the server redirects to another place ({elsewhere.url}/…): write that address"
        assert failed.tries == 1
        assert not elsewhere.taken


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((302, "/new"), "the server redirects with 302, which drops the message: write the new address"),
        ((308, "/again"), "the server redirects again and again"),
        ((308, "ftp://t0ken"), "the server redirects to nowhere"),
        ((308, "http://[t0ken"), "the server redirects to nowhere"),
        ((308, ""), "the server redirects again and again"),
    ],
)
def test_other_redirections_are_said(answer: tuple[int, str], said: str) -> None:
    with receiver(answer) as server:
        assert str(refused(server.url)) == said


def test_user_and_password_go_along_within_the_server_only() -> None:
    with receiver((307, "/new"), 200) as server:
        request(Target.of(server.url.replace("//", "//me:x@")), None, 10)
    assert "Authorization" in server.taken[1].headers


def test_a_certificate_that_nobody_signed_is_refused() -> None:
    context = unsigned()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            accepted, _ = listening.accept()
            with accepted, pytest.raises(OSError, match="alert"):
                context.wrap_socket(accepted, server_side=True)

        thread = threading.Thread(target=answer)
        thread.start()
        failed = refused(f"https://localhost:{listening.getsockname()[1]}/t0ken")
        thread.join()
    assert str(failed).startswith("its certificate is not trusted (self")
    assert failed.tries is None


@pytest.mark.parametrize("url", ["", "h/x", "ftp://h/", "http://", "http://h:0/", "http://h:x/", "http://[x/"])
def test_what_is_no_url_is_no_target(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Target.of(url)


def test_the_place_that_is_shown_has_no_secret() -> None:
    target = Target.of("https://me:pw@Hooks.example:8443/t0ken?k=t0ken")
    assert target.place == "https://hooks.example:8443/…"
    assert repr(target) == "Target(https://hooks.example:8443/…)"
    assert target.origin == ("https", "hooks.example", 8443)
    assert Target.of("http://h/x").origin == ("http", "h", 80)
