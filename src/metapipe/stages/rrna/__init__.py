"""Ribosomal RNA: its genes found in reads and contigs and cut out, the rest handed on."""
