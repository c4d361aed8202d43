"""OpenAI's Responses API, mocked."""
