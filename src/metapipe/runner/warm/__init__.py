"""A Spark session that stays ready: its server, its protocol, a run's side of it."""
