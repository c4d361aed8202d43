"""What is heard of a caller: voice, turns and transcripts."""
