"""Audio in a pipeline: rates, sound that is prepared ahead, and how much of it was heard."""
