"""Scenarios: a real recorder, real cameras of the lab, a fault, and an account of the frames.

Each scenario returns rows of what was measured against its bar. The tests run them short, `./dev faults` long.
"""
