"""A cluster of Kubernetes: plain manifests, which kustomize takes as they are."""
