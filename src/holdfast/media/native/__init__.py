"""The shell around `holdfast.rtsp`: sockets, one thread for all of them, access units into GStreamer."""
