"""The results of a simulated call: its report, its transcript, and the server's record."""
