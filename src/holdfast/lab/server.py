"""Simulated cameras in one process: `python -m holdfast.lab.server --cameras 4`.

When all cameras listen, one line of JSON is printed: `{"urls": [...], "control": port}`. The server ends on SIGTERM or
SIGINT and, with --until-stdin-closes, when its parent is gone.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from random import Random
from typing import Protocol
from urllib.parse import quote

from holdfast.lab.camera import Camera, CameraSpec
from holdfast.lab.certificates import unsigned
from holdfast.lab.clips import ClipError, ClipSpec, cached
from holdfast.lab.connection import Connection
from holdfast.lab.faults import Station, start_control
from holdfast.lab.feeds import ClipFeed, LiveFeed
from holdfast.lab.listener import Listener
from holdfast.lab.proxy import NetworkPath
from holdfast.lab.sound import SOUND_CODECS, sound_clip
from holdfast.lab.sound_feed import SoundFeed

_GOLDEN_RATIO = 0.618


class _Stoppable(Protocol):
    def stop(self) -> None: ...


class Lab:
    """Simulated cameras in the running event loop; `stations` has the cameras, their accounts and their ports."""

    def __init__(self, specs: Sequence[CameraSpec], *, one_port: bool = False, seed: int = 0) -> None:
        self._specs = [
            replace(spec, path=spec.path or f"/cam_{n:02d}", tag=(spec.tag or f"c{n:03d}")[:4])
            for n, spec in enumerate(specs, 1)
        ]
        self._one_port = one_port
        self._seed = seed
        self._stops: list[_Stoppable] = []
        self.stations: list[Station] = []
        self.control_port = 0

    @property
    def urls(self) -> list[str]:
        """Where the cameras are, with user and password where they want them."""
        return [station.url for station in self.stations]

    async def start(self) -> None:
        """Begin to serve. Raises ClipError or OSError (port taken)."""
        shared: dict[str, Camera] = {}
        listener: Listener | None = None
        for index, spec in enumerate(self._specs):
            if listener is None or not self._one_port:
                shared = {}
                tls = await asyncio.to_thread(unsigned) if spec.tls else None
                listener = Listener(partial(Connection, shared), 0 if spec.proxied else spec.port, tls)
            station = await self._station(index, spec, listener)
            shared[spec.path] = station.camera
            self.stations.append(station)
        for station in self.stations:
            for each in station.listeners:
                await each.listen()
        self._control, self.control_port = await start_control(self.stations)

    async def stop(self) -> None:
        """Close everything."""
        for stoppable in self._stops:
            stoppable.stop()
        for station in self.stations:
            for each in station.listeners:
                await each.refuse()
            station.camera.close_clients(reset=False, end="server stopped")
        self._control.close()

    async def _station(self, index: int, spec: CameraSpec, listener: Listener) -> Station:
        chance = Random(f"{self._seed} {index}")
        login = f"{quote(spec.user, safe='')}:{quote(spec.password, safe='')}@" if spec.auth != "none" else ""
        path = NetworkPath(listener.port, chance, raw=spec.tls) if spec.proxied else None
        listeners = (listener,) if path is None else (Listener(path.connection, spec.port), listener)
        url = f"rtsp{'s' if spec.tls else ''}://{login}127.0.0.1:{listeners[0].port}{spec.path}"
        if spec.live:
            # GStreamer is loaded only where it is needed.
            from holdfast.lab.live import LiveEncoder, connect  # noqa: PLC0415

            encoder = await asyncio.to_thread(LiveEncoder, spec.clip, spec.path.lstrip("/"))
            camera = Camera(spec, encoder.clip, chance)
            connect(encoder, LiveFeed(camera))
            self._stops.append(encoder)
            return Station(camera, listeners, None, url, path)
        clip = await asyncio.to_thread(cached, spec.clip)
        camera = Camera(spec, clip, chance)
        feed = ClipFeed(camera, phase_s=float(index * _GOLDEN_RATIO % 1 / clip.fps))
        feed.start()
        self._stops.append(feed)
        sound = await self._sound(camera, feed, chance)
        return Station(camera, listeners, feed, url, path, sound)

    async def _sound(self, camera: Camera, feed: ClipFeed, chance: Random) -> SoundFeed | None:
        if camera.spec.sound is None:
            return None
        sound = SoundFeed(camera, await asyncio.to_thread(sound_clip, camera.spec.sound), chance)
        sound.start(feed.start_s)
        self._stops.append(sound)
        return sound


async def _run(options: argparse.Namespace) -> None:
    lab = Lab(_specs(options), one_port=options.one_port, seed=options.seed)
    await lab.start()
    print(json.dumps({"urls": lab.urls, "control": lab.control_port}), flush=True)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    if options.until_stdin_closes:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        ended = asyncio.ensure_future(reader.read())
        ended.add_done_callback(lambda _: done.set())
    await done.wait()
    await lab.stop()


def _specs(options: argparse.Namespace) -> list[CameraSpec]:
    if options.spec:
        return [CameraSpec.from_json(values) for values in json.loads(options.spec)]
    width, _, height = options.size.partition("x")
    clip = ClipSpec(
        codec=options.codec,
        width=int(width),
        height=int(height),
        fps=Fraction(options.fps),
        gop=options.gop,
        bframes=options.bframes,
        bitrate_kbps=options.bitrate or None,
        seconds=options.seconds,
    )
    spec = CameraSpec(clip, start=options.start, live=options.live, auth=options.auth)
    spec = replace(spec, user=options.user, password=options.password, proxied=options.proxied, tls=options.tls)
    spec = replace(spec, sound=options.sound)
    ports = range(options.port, options.port + options.cameras) if options.port else [0] * options.cameras
    return [replace(spec, port=port) for port in ports]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Simulated RTSP cameras on the loopback interface.")
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--codec", choices=["h264", "h265"], default="h264")
    parser.add_argument("--size", default="640x360", metavar="WIDTHxHEIGHT")
    parser.add_argument("--fps", default="15", help="1 to 60, also 30000/1001")
    parser.add_argument("--gop", type=int, default=15, help="frames from key frame to key frame")
    parser.add_argument("--bframes", type=int, choices=[0, 1, 2], default=0)
    parser.add_argument("--bitrate", type=int, default=0, help="kbit/s; 0: what the picture needs")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of the loop")
    parser.add_argument("--live", action="store_true", help="encode while running, with a burnt-in clock")
    parser.add_argument("--start", choices=["key", "at_once", "burst"], default="key", help="how a client begins")
    parser.add_argument("--auth", choices=["none", "basic", "digest"], default="none")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="", help="only for simulated cameras: it is seen in the process list")
    parser.add_argument("--port", type=int, default=0, help="port of the first camera; 0: free ports")
    parser.add_argument("--one-port", action="store_true", help="all cameras on the first one's port")
    parser.add_argument("--proxied", action="store_true", help="behind a network path that can be made to fail")
    parser.add_argument("--tls", action="store_true", help="rtsps, with a certificate that nobody signed")
    parser.add_argument("--sound", choices=SOUND_CODECS, help="a beep at every whole second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spec", help="JSON list of camera specs instead of the options above")
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser


def main() -> int:
    """Serve until told to stop; exit code 1 with a sentence when a camera cannot be started."""
    options = _parser().parse_args()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_run(options))
    except (ClipError, OSError, ValueError) as error:
        print(f"The simulated cameras cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
