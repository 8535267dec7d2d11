"""Learning: the training loop that serves every kind."""
