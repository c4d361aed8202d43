"""How calls are asked for: what is wanted, and the SQL that finds it."""
