"""What is known of similar proteins, and which domains they have."""
