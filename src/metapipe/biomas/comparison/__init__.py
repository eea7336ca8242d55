"""One page that puts samples side by side: who is in each, how many kinds, how alike they are."""
