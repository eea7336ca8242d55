"""BioMaS: amplicon reads to a classified, drawn tree. Stages of the same contract as META-pipe's."""
