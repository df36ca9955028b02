"""The store: one writer commits each run of changes, and many readers serve snapshots."""
