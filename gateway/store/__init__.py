"""Documents to snapshots: what is loaded is written once a run, and read by many."""
