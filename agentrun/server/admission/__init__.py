"""Which calls are let in, how many at once, and how the others are told."""
