"""What a call was: its transcript, times, usage and sound."""
