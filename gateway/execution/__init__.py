"""Execution of operations: parsing, validation, query cost, concurrency limits and results."""
