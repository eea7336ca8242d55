"""The picture of the house: rooms are folders, sentences their docstrings, arrows their imports."""
