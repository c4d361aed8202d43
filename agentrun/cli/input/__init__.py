"""Input while a command runs: lines, and Ctrl-C."""
