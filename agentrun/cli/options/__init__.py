"""Options shared by several commands: from the command line, a file, or the environment."""
