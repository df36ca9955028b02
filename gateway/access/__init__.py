"""Access control: API tokens, preview tokens, client identity and rate limits."""
