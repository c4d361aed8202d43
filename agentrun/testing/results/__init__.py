"""What came of a test, and how it is told."""
