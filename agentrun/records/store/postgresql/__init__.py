"""How PostgreSQL is reached: through poolers and silent networks, and whatever its own defaults are."""
