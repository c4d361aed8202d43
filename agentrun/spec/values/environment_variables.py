"""References to environment variables in a spec: ``${NAME}`` or ``${NAME:-default}``."""

from __future__ import annotations

import re

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
"""One: its name, and what stands in its place where it is not set."""
