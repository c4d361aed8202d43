"""Spec, tools and environment make a plan: what can be known before a call, without Pipecat."""
