"""Which references a read resembles, and how much."""
