"""Synthetic communities of known truth, and how much of the truth a result has found."""
