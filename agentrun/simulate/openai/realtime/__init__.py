"""OpenAI's realtime socket, mocked."""
