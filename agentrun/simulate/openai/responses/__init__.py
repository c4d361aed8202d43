"""A mock of OpenAI's Responses API."""
