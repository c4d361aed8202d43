"""Who speaks, and what: the greeting, fixed words, and the keys of a telephone."""
