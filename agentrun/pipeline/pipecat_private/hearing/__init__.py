"""Hearing the caller: voice detection, turns and transcripts."""
