"""rRNA against the truth: reads with rRNA genes at known places, other ways to find them, the page."""
