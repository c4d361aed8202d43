"""The realtime style: one speech-to-speech model."""
