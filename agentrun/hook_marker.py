"""The mark of a plugin's hooks; a leaf, so that whatever imports ``agentrun`` imports no plugins."""

from __future__ import annotations

import pluggy

hookimpl = pluggy.HookimplMarker("agentrun")
"""Marks a function of a plugin as the implementation of a hook, such as ``agentrun_tools``."""
