"""Removes what a model writes that should not be spoken: thinking, code, stage directions, speaker labels."""
