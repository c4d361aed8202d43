"""The specs of a server: found, planned, and reloaded."""
