"""The audio of the line, in both directions."""
