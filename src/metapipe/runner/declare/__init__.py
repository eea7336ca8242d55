"""What a stage is: its parts, the stage itself, merge rules, records, checks of a declaration."""
