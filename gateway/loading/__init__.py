"""Loads the content folder into the store."""
