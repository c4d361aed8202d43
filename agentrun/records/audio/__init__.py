"""Recordings: each speaker's audio on the timeline of a call, in a stereo file."""
