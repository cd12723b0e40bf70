"""`python -m holdfast.media.inspect`: says what of GStreamer is missing, and exits with 1 when something is."""

import sys


def main() -> int:
    """Print a sentence for each thing that is missing."""
    try:
        from holdfast.media import gi  # noqa: PLC0415 - its absence is what is asked for
        from holdfast.media.elements import missing_elements  # noqa: PLC0415

        gi.init()
    except (ImportError, ValueError) as error:
        sys.stdout.write(
            "GStreamer's Python bindings are missing: install python3-gi, gir1.2-gstreamer-1.0 and "
            "gir1.2-gst-plugins-base-1.0 (sudo apt install python3-gi gir1.2-gstreamer-1.0 "
            f"gir1.2-gst-plugins-base-1.0). ({error})\n"
        )
        return 1
    except RuntimeError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    missing = missing_elements()
    for one in missing:
        sys.stdout.write(f"{one}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
