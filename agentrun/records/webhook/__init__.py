"""Delivery of records to a webhook: queue, signature, request."""
