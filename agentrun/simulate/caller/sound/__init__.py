"""The caller's sound: mu-law, files of speech, and both sides on one time line."""
