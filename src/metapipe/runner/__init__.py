"""The Spark job runner: blocks, tasks, failures, merges. Knows no biology and no Galaxy."""
