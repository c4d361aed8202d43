"""A service of systemd on one Linux server."""
