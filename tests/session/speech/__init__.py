"""What a session says without being asked."""
