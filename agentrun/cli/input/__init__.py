"""What a person types while a command runs: lines, and Ctrl-C."""
