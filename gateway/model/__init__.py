"""The immutable values that the other modules exchange.

They are named tuples, or dataclasses that only the type checker freezes, because creating them by the hundred thousand
is several times cheaper than frozen dataclasses.
"""
