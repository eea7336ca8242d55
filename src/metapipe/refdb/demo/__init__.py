"""Synthetic communities of known truth: for the demo, for the tests, and for judging results against them."""
