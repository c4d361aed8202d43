"""What a server reports to the Kubernetes that runs it."""
