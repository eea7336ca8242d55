"""Mock communities of marker genes with their truth: where they come from, how they are classified, what is told."""
