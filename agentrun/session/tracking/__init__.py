"""Tracks a call: its transcript, times, usage and audio."""
