"""A web server on loopback that does what receivers of webhooks do: take, fail, hang, dawdle, redirect."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Taken:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers` are given one after another, the last one for ever: a status, or (status, location), or a word."""

    url: str = ""
    answers: list[Any] = field(default_factory=lambda: [204])
    taken: list[Taken] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def await_requests(self, count: int, patience_s: float = 20) -> list[Taken]:
        deadline_s = time.monotonic() + patience_s
        while len(self.taken) < count:
            assert time.monotonic() < deadline_s, f"{len(self.taken)} of {count} requests came"
            time.sleep(0.01)
        return self.taken


@contextmanager
def receiver(*answers: Any) -> Iterator[Receiver]:
    """A server that runs; it ends with the block."""
    made = Receiver(answers=list(answers) or [204])

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.taken.append(Taken(self.command, self.path, dict(self.headers), body))
            answer = made.answers.pop(0) if made.answers[1:] else made.answers[0]
            if answer == "hang":
                made.is_over.wait(60)
            elif answer == "drip":
                self.drip()
            elif answer == "nonsense":
                self.wfile.write(b"what?\r\n\r\n")
            else:
                status, location = answer if isinstance(answer, tuple) else (answer, "")
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.end_headers()

        def drip(self) -> None:
            """A letter now and then: no single read ever waits for long."""
            for letter in b"HTTP/1.1 200 OK\r\nX-Endless: " + b"x" * 10_000:
                if made.is_over.wait(0.05):
                    return
                self.wfile.write(bytes([letter]))
                self.wfile.flush()

        do_GET = do_POST = answer  # noqa: N815 - http.server finds them by these names

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """A client that went away is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.is_over.set()
            server.shutdown()
            thread.join()
