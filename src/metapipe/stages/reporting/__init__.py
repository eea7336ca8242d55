"""The report page: numbers from the summaries (facts), what to check (hints), figures (svg) and the page itself."""
