"""META-pipe's stages: pure functions over plain values, and short declarations for the runner. No Spark here."""
