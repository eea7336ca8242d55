"""Who is there: taxa of reads and of contigs, by their proteins."""
