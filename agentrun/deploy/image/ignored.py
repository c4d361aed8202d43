"""Files of an ejected folder that are left out of a build context."""

from __future__ import annotations

from agentrun.deploy.written import manifest

_ANYWHERE = (".env", ".env.*", "*.env", "__pycache__", "*.pyc")
"""Values of variables, which a folder copied as a whole would bring into a layer, and what Python leaves."""
_AT_THE_TOP = (manifest.NAME, ".git", ".gitignore", ".venv", ".dockerignore", "secrets.env.example")


def dockerignore(*more: str) -> bytes:
    """The file ``.dockerignore``, with the names of ``more`` files at the top.

    Docker takes a name for one at the top alone, and what begins with two stars for one at any depth; Pipecat
    Cloud takes the first for any depth, and leaves out nothing of its own accord where there is such a file.
    """
    every = (*_AT_THE_TOP, *more, *(name for one in _ANYWHERE for name in (one, f"**/{one}")))
    return "".join(f"{name}\n" for name in every).encode()
