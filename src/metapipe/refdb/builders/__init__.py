"""From source files to a database, one builder a kind or collection."""
