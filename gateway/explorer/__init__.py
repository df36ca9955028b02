"""The HTML pages: start page, articles, documentation and GraphiQL."""
