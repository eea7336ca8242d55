"""From merged amplicon reads to distinct ones: trimming, counting."""
