"""Simulated cameras and faults: for the demo, the tests, the fault matrix and the benchmarks."""
