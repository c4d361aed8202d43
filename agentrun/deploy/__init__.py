"""Writes the files that run agents elsewhere: a package for each target. Nothing is started here."""
