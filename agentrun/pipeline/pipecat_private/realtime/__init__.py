"""OpenAI's realtime service and similar ones: connections, events, responses, and the caller's audio."""
