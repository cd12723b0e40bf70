"""Tests; the folders mirror src/holdfast."""
