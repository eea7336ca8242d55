"""The taxonomy of reads against the truth: communities, databases, engines, the page."""
