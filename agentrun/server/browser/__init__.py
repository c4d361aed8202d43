"""Calls in a browser: the page, and its WebRTC connection."""
