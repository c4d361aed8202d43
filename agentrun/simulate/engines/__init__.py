"""The engines of the mock server: speech to text, answers, and text to speech."""
