"""The report page of an amplicon sample, made of the parts that META-pipe's report is made of."""
