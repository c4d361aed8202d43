"""Files that run an agent elsewhere: a room for each target, and what they share. Nothing here is started."""
