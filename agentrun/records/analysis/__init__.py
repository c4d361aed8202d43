"""Analyses of calls that are over: what a model is asked, and how its answer is read."""
