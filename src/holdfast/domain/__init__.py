"""Vocabulary: cameras, streams, segments, times, faults, events. Frozen values, no behaviour of the world."""
