"""Runs the tests of specs: in text, over a telephone call, or with a simulated caller."""
