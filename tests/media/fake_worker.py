"""A capture worker without GStreamer: `fake_worker.py BEHAVIOUR FD`. Started as a process by the tests of the pool.

It speaks the protocol by hand, so that the tests also see what the protocol looks like from outside.
"""

import json
import os
import socket
import sys
import threading
import time

DONE = {"branch": "source", "domain": "fake", "code": 0, "element": "fake", "text": "done", "debug": ""}
"""Says that everything that belongs to the opening of a session was done."""


class Fake:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.takes: dict[int, int] = {}

    def say(self, kind: str, fds: tuple[int, ...] = (), **values: object) -> None:
        socket.send_fds(self.control, [json.dumps({"is": kind, **values}).encode()], fds)

    def ready(self) -> None:
        self.say("WorkerReady", pid=os.getpid(), gstreamer="none")

    def beat(self) -> None:
        self.say("Heartbeat", progress=[], clock=[])

    def beat_for_ever(self) -> None:
        while True:
            time.sleep(0.1)
            self.beat()

    def open_take(self, session: dict[str, object], number: int, data: bytes) -> None:
        reading, self.takes[number] = os.pipe()
        about = {"stream": session["stream"], "session": session["session"], "take": number}
        times = {"first_pts_ns": number, "arrival_ns": number, "reorders": False, "reason": "test"}
        self.say("TakeOpened", (reading,), **about, **times)
        os.close(reading)
        os.write(self.takes[number], data)

    def serve(self, behaviour: str) -> None:
        """Obey commands until the control socket closes."""
        while command := self.control.recv(65536):
            said = json.loads(command)
            about = {"stream": said["stream"], "session": said.get("session")}
            match said["is"]:
                case "OpenSession":
                    self.say("Heartbeat", clock=[], progress=[progress(about, said["mode"])])
                    self.opened(behaviour, said)
                    self.say("BranchFailed", **about, error=DONE)
                case "CloseSession":
                    self.say("SessionEnded", **about)
                case "DumpGraph":
                    self.graph(said)
                case "SetMode":
                    self.say("Heartbeat", clock=[], progress=[progress(about, said["mode"])])
                case _:
                    pass

    def graph(self, said: dict[str, object]) -> None:
        memory = os.memfd_create("graph")
        os.write(memory, b"digraph {}")
        size = 10 if said["session"] else 0
        self.say("Graph", (memory,), stream=said["stream"], request=said["request"], size=size)
        os.close(memory)

    def opened(self, behaviour: str, said: dict[str, object]) -> None:
        match behaviour:
            case "takes":
                self.open_take(said, 1, b"first")
                os.close(self.takes[1])
                self.open_take(said, 2, b"second")
            case "dies with words":
                self.open_take(said, 1, b"last words")
                sys.stderr.write("something terrible happened\n")
                sys.stderr.flush()
                os._exit(3)
            case "unwanted descriptors":
                ends = os.pipe()
                self.say("Heartbeat", ends, progress=[], clock=[])
                self.say(
                    "TakeOpened",
                    ends,
                    stream={"camera": "other", "stream": "main"},
                    session=9,
                    take=1,
                    first_pts_ns=0,
                    arrival_ns=0,
                    reorders=False,
                    reason="test",
                )
                self.say(
                    "SessionFailed",
                    ends,
                    stream=said["stream"],
                    session=said["session"],
                    error={
                        "branch": "source",
                        "domain": "holdfast",
                        "code": 1,
                        "element": "e",
                        "text": "t",
                        "debug": "",
                    },
                )
            case _:
                pass


def progress(about: dict[str, object], mode: object) -> dict[str, object]:
    """The mode, told by a number that comes through."""
    modes = ["streaming_only", "recording_only", "both"]
    return {**about, "frames": modes.index(str(mode)), "key_frames": 0, "streamed_frames": 0, "overruns": 0}


def main() -> None:
    behaviour = sys.argv[1]
    fake = Fake(socket.socket(fileno=int(sys.argv[2])))
    if behaviour == "never ready":
        fake.control.recv(65536)
        time.sleep(600)
    elif behaviour == "garbage":
        ends = os.pipe()
        socket.send_fds(fake.control, [b"what is this"], ends)
    elif behaviour == "closes":
        fake.ready()
        fake.control.shutdown(socket.SHUT_RDWR)
        time.sleep(600)
    elif behaviour == "memory":
        hoard = bytearray(os.urandom(1024)) * (200 * 1024)
        fake.ready()
        threading.Thread(target=fake.beat_for_ever, daemon=True).start()
        fake.serve(behaviour)
        del hoard
        return
    elif behaviour == "hangs":
        fake.ready()
        time.sleep(600)
    elif behaviour == "dies at once":
        sys.exit("no display, no sound, no hope")
    fake.ready()
    threading.Thread(target=fake.beat_for_ever, daemon=True).start()
    fake.serve(behaviour)


if __name__ == "__main__":
    main()
