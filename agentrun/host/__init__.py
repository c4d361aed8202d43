"""Agents in other people's servers: what brings a call is theirs, what answers it is the same as ever."""
