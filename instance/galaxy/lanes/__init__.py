"""Rules that say which lane a job takes; Galaxy looks for them in the modules of this package."""
