"""The store in a SQLite file. Only this package imports its driver."""
