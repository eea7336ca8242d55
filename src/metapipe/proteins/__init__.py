"""What is said of proteins, whoever says it: hits, domains, families, titles, names. No engine."""
