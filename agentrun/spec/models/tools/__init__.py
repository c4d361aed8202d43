"""``tools:`` in a spec, and the variables that tools and extraction set."""
