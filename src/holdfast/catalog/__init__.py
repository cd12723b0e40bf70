"""Segments, sessions, runs and faults in SQLite; no SQL outside this folder."""
