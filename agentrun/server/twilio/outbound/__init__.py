"""Outbound calls over Twilio: who may request one, and what becomes of it."""
