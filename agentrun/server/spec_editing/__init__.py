"""Editing specs in the page: check, try in a call, and save."""
