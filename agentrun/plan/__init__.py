"""Combines spec, tools and environment into a plan, before any call and without Pipecat."""
