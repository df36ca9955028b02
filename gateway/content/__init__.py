"""Files to documents. Knows no database and no web."""
