"""The cascaded style: speech to text, language model, text to speech."""
