"""Conversations from node to node, with Pipecat Flows."""
