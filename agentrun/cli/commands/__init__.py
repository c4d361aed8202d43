"""One module per command: it parses options, calls the rest of the package, and prints."""
