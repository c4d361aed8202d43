"""What came of a simulated call: its report, its words, and the server's record of it."""
