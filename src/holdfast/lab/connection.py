"""One RTSP connection to a simulated camera (RFC 2326, TCP interleaved only)."""

import asyncio
import re
import secrets
import socket
import struct
from collections.abc import Mapping
from urllib.parse import urlsplit

from holdfast.lab import messages, sdp
from holdfast.lab.camera import Camera, Client
from holdfast.lab.messages import Request, response
from holdfast.lab.sound import sound_clip

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
_CHANNELS = re.compile(r"interleaved=(\d+)-(\d+)")


class Connection(asyncio.Protocol):
    """Answers requests and is the pipe through which a camera sends."""

    def __init__(self, cameras: Mapping[str, Camera]) -> None:
        self._cameras = cameras
        self._buffer = bytearray()
        self._nonce = secrets.token_hex(16)
        self._session_id = secrets.token_hex(4)
        self._transport: asyncio.Transport | None = None
        self._camera: Camera | None = None
        self._client: Client | None = None
        self._channel: int | None = None
        self._sound_channel: int | None = None
        self._offset = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server accepted a connection."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"not a stream: {transport}")
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The client closed, or the connection broke."""
        self._leave(f"connection lost: {exc}" if exc else "closed by the client")

    def data_received(self, data: bytes) -> None:
        """Bytes of requests and of receiver reports."""
        self._buffer += data
        try:
            while (request := messages.take_request(self._buffer)) is not None:
                self._handle(request)
        except messages.BadRequest:
            self.write(response(400, None))
            if self._transport is not None:
                self._transport.close()

    def write(self, data: bytes) -> int:
        """Send or buffer; see `camera.Pipe`."""
        if self._transport is not None:
            self._transport.write(data)
        self._offset += len(data)
        return self._offset

    def written(self) -> int:
        """Bytes that the operating system has taken."""
        return self._offset - self.pending()

    def pending(self) -> int:
        """Bytes that wait in this process."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def abort(self, *, reset: bool) -> None:
        """Close at once; with `reset` by RST, otherwise by FIN behind what the system has already taken."""
        if self._transport is None:
            return
        raw = self._transport.get_extra_info("socket")
        if reset and raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _handle(self, request: Request) -> None:
        path = re.sub(r"/(track\d+)?/?$", "", urlsplit(request.uri).path)
        camera = self._cameras.get(path, self._camera)
        if camera is None:
            status = 200 if request.method == "OPTIONS" else 404
            self.write(response(status, request, {"Public": _METHODS} if status == 200 else None))
            return
        camera.asked(request.method)
        if camera.troubles.deaf:
            return
        delay_s = camera.troubles.delays_s.get(request.method, 0.0)
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._handle_now, request, camera)
        else:
            self._handle_now(request, camera)

    def _handle_now(self, request: Request, camera: Camera) -> None:
        spec = camera.spec
        status = camera.troubles.status_for(request.method)
        if request.method == "OPTIONS" and "OPTIONS" not in camera.troubles.statuses:
            self.write(response(200, request, {"Public": _METHODS}))
            return
        self._camera = camera
        if not status and self._client is None and not camera.admits(request.method):
            status = camera.troubles.refuses_with
        allowed = messages.is_authorized(request, spec.auth, spec.user, spec.password, self._nonce)
        if status == 401 or not (status or allowed):
            scheme = "basic" if spec.auth == "none" else spec.auth
            self.write(response(401, request, {"WWW-Authenticate": messages.challenge(scheme, self._nonce)}))
        elif status:
            self.write(response(status, request))
        else:
            self._answer(request, camera)

    def _answer(self, request: Request, camera: Camera) -> None:
        session = {"Session": f"{self._session_id};timeout={camera.spec.session_timeout_s}"}
        match request.method:
            case "DESCRIBE":
                sound = sound_clip(camera.spec.sound) if camera.spec.sound is not None else None
                body = sdp.describe(camera.clip, with_video=not camera.troubles.no_video, sound=sound)
                header = {"Content-Type": "application/sdp", "Content-Base": request.uri.rstrip("/") + "/"}
                self.write(response(200, request, header, body))
            case "SETUP":
                self._set_up(request, session)
            case "PLAY":
                self._play(request, camera, session)
            case "TEARDOWN":
                self._leave("torn down by the client")
                self.write(response(200, request))
            case "GET_PARAMETER" | "SET_PARAMETER":
                self.write(response(200, request, session))
            case _:
                self.write(response(501, request))

    def _set_up(self, request: Request, session: Mapping[str, str]) -> None:
        transport = request.headers.get("transport", "")
        if "RTP/AVP/TCP" not in transport:
            self.write(response(461, request))
            return
        asked = _CHANNELS.search(transport)
        channel = min(int(asked[1]), 254) if asked else 0
        if urlsplit(request.uri).path.rstrip("/").endswith("/track2"):
            refusal = self._camera.troubles.refuses_sound_with if self._camera is not None else 0
            if refusal:
                self.write(response(refusal, request))
                return
            self._sound_channel = channel
            chosen = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
            self.write(response(200, request, {"Transport": chosen, **session}))
            return
        self._channel = channel
        channels = f"{self._channel}-{self._channel + 1}"
        chosen = f"RTP/AVP/TCP;unicast;interleaved={channels}"
        chosen += f";ssrc={self._camera.ssrc:08X}" if self._camera is not None else ""
        self.write(response(200, request, {"Transport": chosen, **session}))

    def _play(self, request: Request, camera: Camera, session: Mapping[str, str]) -> None:
        if self._channel is None:
            self.write(response(455, request))
            return
        self.write(response(200, request, {**session, "Range": "npt=now-"}))
        if self._client is None:
            self._client = camera.play(self, self._channel, self._sound_channel)

    def _leave(self, end: str) -> None:
        if self._client is not None and self._camera is not None:
            self._camera.leave(self._client, end)
            self._client = None
