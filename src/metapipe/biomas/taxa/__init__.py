"""From matches to taxa: TANGO, and trees, tables and drawings of taxa."""
