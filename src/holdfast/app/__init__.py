"""Composition root: command line, wiring, signals."""
