"""The worker's side: a task, an attempt at it, the part it leaves."""
