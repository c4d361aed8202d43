"""Calls that an agent places over Twilio: who may ask for one, and what comes of it."""
