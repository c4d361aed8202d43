"""Checks that need a spec's tools, its services, or this machine."""
