"""Launching, watching, limiting and sandboxing a program; forked children."""
