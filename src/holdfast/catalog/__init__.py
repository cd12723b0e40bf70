"""Segments, sessions, runs, faults and gaps in SQLite; no SQL outside this folder."""
