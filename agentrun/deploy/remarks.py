"""Manual steps beside the deployment commands, as shell comments."""

from __future__ import annotations

from agentrun.deploy.deployment import Deployment


def telephone(wanted: Deployment) -> list[str]:
    """Where Twilio is to ask for each agent that has a telephone number."""
    names = [plan.spec.name for plan in wanted.plans if plan.has_transport("twilio")]
    return [f"at Twilio, the webhook of {name}: {wanted.public_url}/{name}/twilio/voice" for name in names]


def cluster(wanted: Deployment) -> list[str]:
    """The same, behind an ingress that needs a certificate; and where the image has no registry."""
    host = (wanted.public_url or "").removeprefix("https://")
    name = wanted.image_name
    nowhere = f"{name} names no registry that a cluster could pull it from: add --image REGISTRY/{name}"
    return [
        *([] if "/" in name else [nowhere]),
        f"the secret {wanted.name}-tls is to hold a certificate for {host}",
        *telephone(wanted),
    ]
