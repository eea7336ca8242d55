"""What hosts without a network are installed from: a folder filled where there is one, and carried to each of them."""
