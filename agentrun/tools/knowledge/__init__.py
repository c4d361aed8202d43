"""Search over an agent's documents."""
