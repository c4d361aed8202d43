"""Realtime models that go deaf or begin no answer, and turns of the caller that their servers tell of."""
