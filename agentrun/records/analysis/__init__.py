"""Post-call analysis: what the model is asked, and how its answer is read."""
