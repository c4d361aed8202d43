"""Tool calls, in whatever way services stream them."""
