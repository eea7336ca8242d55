"""Stages that say how much of a sample is in its contigs, genes and taxa."""
