"""Documents that an agent looks things up in."""
