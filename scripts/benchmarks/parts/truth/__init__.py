"""Parts that compare with a known truth."""
