"""Benchmarks. They print measurements, and contain no assertions about time."""
