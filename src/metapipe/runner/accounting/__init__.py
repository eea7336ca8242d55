"""What a run cost and how it went: the run report as data, table, page and timeline; progress."""
