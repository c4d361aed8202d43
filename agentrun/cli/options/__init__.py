"""Options that several commands share: from the command line, a file, or the environment."""
