"""An image of agents, for Docker, Podman and Buildah; other targets run it."""
