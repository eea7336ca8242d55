"""The page docs/benchmarks.md: its tables and figures, and the targets that the results are held against."""
