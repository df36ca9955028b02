"""Measurements. They print numbers side by side and assert nothing of time."""
