"""The target ``helm``: a Helm chart with validated values."""
