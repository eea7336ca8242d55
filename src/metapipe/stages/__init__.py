"""META-pipe's stages: pure functions over plain values, and beside them short declarations for the runner. No Spark here."""
