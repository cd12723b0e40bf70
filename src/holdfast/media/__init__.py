"""Capture workers: the only place where GStreamer runs, in processes that may be killed at any time."""
