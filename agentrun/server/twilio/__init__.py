"""Telephone calls at Twilio: the webhook, the media stream, its tokens, and calls that the agent places."""
