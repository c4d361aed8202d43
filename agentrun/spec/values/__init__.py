"""Value types that several keys share: durations, addresses, paths and templates."""
