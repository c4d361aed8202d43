"""What must not stand in a record or a log: numbers, keys, and what a spec names."""
