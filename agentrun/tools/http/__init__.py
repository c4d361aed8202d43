"""HTTP tools: requests written in a spec, without code."""
