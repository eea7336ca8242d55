"""From reads to contigs worth annotating."""
