"""RTSP 1.0 client without I/O: bytes in, events out."""
