"""Failover between several services for one job: when one fails, the next takes over its work."""
