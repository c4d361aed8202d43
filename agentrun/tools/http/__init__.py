"""Tools that are an HTTP request, written in a spec and without code."""
