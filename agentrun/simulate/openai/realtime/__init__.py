"""A mock of OpenAI's realtime API."""
