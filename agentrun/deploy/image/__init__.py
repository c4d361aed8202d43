"""The target ``image``: a container image for Docker, Podman and Buildah; other targets run it."""
