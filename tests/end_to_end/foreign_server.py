"""An RTSP server that is not ours: GStreamer's own, playing MP4 files. `python foreign_server.py FILE...`.

Prints one URL per file when it is ready, and ends when its standard input closes.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - versions first


def main() -> None:
    """Serve until standard input closes."""
    Gst.init(None)
    loop = GLib.MainLoop()
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    for number, file in enumerate(sys.argv[1:]):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(
            f'( filesrc location="{file}" ! qtdemux name=d d.video_0 ! queue ! h264parse'
            " ! rtph264pay name=pay0 config-interval=-1 )"
        )
        server.get_mount_points().add_factory(f"/file{number}", factory)
    server.attach(None)
    for number in range(len(sys.argv) - 1):
        sys.stdout.write(f"rtsp://127.0.0.1:{server.get_bound_port()}/file{number}\n")
        sys.stdout.flush()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
