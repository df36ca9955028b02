"""The immutable values that the other modules exchange.

They are named tuples instead of dataclasses, because pickling them between processes and building them from database
rows is several times faster.
"""
