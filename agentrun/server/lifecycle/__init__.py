"""Starts and stops a server: load, start, reload, drain, and several processes on one port."""
