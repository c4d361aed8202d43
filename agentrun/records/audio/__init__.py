"""Recordings: each speaker's sound on the time line of a call, in a stereo file."""
