"""Parses YAML to plain data with positions, without the traps of YAML 1.1."""
