"""Holdfast: a network video recorder that does not let go."""

__version__ = "0.1.0"
