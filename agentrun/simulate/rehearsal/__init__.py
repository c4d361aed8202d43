"""Rehearsal: answers without a language model, from a spec's tests and its tools' descriptions."""
