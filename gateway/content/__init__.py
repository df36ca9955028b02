"""Decodes files to documents."""
