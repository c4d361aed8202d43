"""Conversations in writing: the same model, tools and turns, without sound."""
