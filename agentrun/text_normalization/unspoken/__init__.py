"""What a model writes and nobody says: thinking, code, stage directions, and who speaks."""
