"""One pass over an input: is it valid, how much is it, where may it be cut."""
