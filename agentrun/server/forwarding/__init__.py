"""Hands requests on to the process that has what they are about, over a private address."""
