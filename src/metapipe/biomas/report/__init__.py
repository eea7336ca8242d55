"""One page that says who is in the sample, how sure it is, and what to check."""
