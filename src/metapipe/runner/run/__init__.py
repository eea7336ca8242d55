"""The driver's side: check, scan, plan, run, retry, merge, deliver."""
