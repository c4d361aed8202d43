"""Calls that are over are analysed by a model, in the background: ``after_call`` of a spec."""
