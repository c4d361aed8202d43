"""Answers without a language model: from a spec's own tests and from its tools' descriptions."""
