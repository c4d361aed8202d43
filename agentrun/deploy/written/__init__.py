"""A folder that was ejected before: its manifest, its options, and its secrets file."""
