"""What a user says of samples: which reads are whose, and in which group."""
