"""The target ``systemd``: a service on one Linux server."""
