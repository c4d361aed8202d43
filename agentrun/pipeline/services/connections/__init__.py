"""How providers are reached: streams, retries, and connections whose other end is gone."""
