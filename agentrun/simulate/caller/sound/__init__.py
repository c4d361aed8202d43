"""The caller's audio: mu-law, audio files, and both sides on one timeline."""
