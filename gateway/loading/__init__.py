"""The content folder to the store: what a run looks at, what it may take away, and when there is one."""
