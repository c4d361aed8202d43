"""The specs of a server: found, planned, and edited while it runs."""
