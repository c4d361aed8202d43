"""Records on their way to a webhook: queued, signed, sent."""
