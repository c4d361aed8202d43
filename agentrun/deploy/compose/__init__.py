"""The target ``compose``: containers on one machine, with a database, TLS and monitoring."""
