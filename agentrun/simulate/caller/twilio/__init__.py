"""Twilio's side of a call: its webhook, its media stream, and its playout."""
