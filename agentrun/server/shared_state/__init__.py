"""State shared by the workers of a server and the machines of a service."""
