"""Realtime models that stop responding, and caller turns that their servers report."""
