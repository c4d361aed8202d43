"""The calls of a process, whatever line they came over."""
