"""A folder of Markdown files becomes a GraphQL API."""

__version__ = "0.1.0"
