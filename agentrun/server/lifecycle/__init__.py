"""From specs to a running server and back: load, start, reload, drain, and several processes on one port."""
