"""How older stores of records become today's."""
