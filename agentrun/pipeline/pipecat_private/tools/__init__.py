"""Tool calls, however services stream them."""
