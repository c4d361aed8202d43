"""One file a command: it parses, calls the rest of the package, and prints."""
