"""Sound in a pipeline: its rate, what is prepared ahead, and how much of it was heard."""
