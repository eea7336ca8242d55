"""What every pipeline reads and writes: letters, names, tables, text formats of the field. No biology of one stage."""
