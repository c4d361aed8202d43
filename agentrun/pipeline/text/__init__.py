"""Text conversations: the same model, tools and turns, without audio."""
