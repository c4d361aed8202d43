"""Writes ``agentrun/providers/catalogue.json`` from the installed Pipecat; used in development only.

Run ``python -m agentrun.pipeline.catalogue`` after Pipecat's version has changed; a test fails until then.
"""
