"""Runs the tests of specs: in writing, over the telephone, or with a simulated caller."""
