"""Published collections as they are: one reader a form."""
