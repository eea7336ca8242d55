"""From raw amplicon reads to distinct ones: quality, merging, trimming, counting."""
