"""What a session writes down."""
