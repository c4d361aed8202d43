"""What may be wrong with a deployment before the first call."""
