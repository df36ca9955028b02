"""Credentials to viewers: tokens, preview links, the identity of clients, and their rate."""
