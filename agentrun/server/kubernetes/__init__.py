"""What a server says of itself to the Kubernetes that runs it."""
