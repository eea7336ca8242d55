"""Who is there by marker genes: presence and shares of cells, from the genes that every organism has once."""
