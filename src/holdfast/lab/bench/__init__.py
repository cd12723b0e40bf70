"""What recording costs per camera, beside bare GStreamer and FFmpeg, on the same simulated streams in one run."""
