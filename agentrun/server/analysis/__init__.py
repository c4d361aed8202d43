"""Post-call analysis by a model, in the background: ``after_call`` of a spec."""
