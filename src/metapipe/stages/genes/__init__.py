"""Where the genes are, and their proteins."""
