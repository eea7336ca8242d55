"""One page that says what was found, how sure it is, and what to check."""
