"""Twilio: the webhook, the media stream, its tokens, and outbound calls."""
