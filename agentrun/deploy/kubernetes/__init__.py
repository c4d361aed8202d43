"""The target ``kubernetes``: plain manifests that also work with kustomize."""
