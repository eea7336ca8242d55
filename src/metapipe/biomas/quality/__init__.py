"""The quality report: reads counted by position, judged in plain words, drawn, and put on a page."""
