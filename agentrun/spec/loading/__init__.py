"""Loads YAML into a frozen spec, or reports all problems with their places in the file."""
