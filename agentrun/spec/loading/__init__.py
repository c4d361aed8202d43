"""From YAML to a frozen spec, or to every problem of it with its place in the file."""
