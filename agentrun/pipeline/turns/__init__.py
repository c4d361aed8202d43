"""Turn-taking: when the caller begins, ends, and may interrupt."""
