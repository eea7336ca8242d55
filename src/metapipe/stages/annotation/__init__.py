"""The evidence weighed, gene by gene, and written down in the formats of the field."""
