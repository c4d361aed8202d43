"""OpenAI's realtime service and its kin: connections, events, answers, and the caller's sound."""
