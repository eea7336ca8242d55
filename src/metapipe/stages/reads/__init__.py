"""From raw reads to reads worth assembling."""
