"""A chart for Helm: what the manifests promise, with values that are checked."""
