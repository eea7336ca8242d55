"""A Galaxy with META-pipe on a machine: settings, processes, health. Knows no stage."""
