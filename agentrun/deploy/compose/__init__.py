"""Containers on one machine: agents, their store, TLS, and what watches over them."""
