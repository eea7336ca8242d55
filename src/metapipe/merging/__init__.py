"""Mates of a pair that overlap become one read: what META-pipe and BioMaS both do."""
