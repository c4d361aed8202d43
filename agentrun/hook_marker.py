"""``hookimpl``, in a module of its own so that importing ``agentrun`` imports no plugin code."""

from __future__ import annotations

import pluggy

hookimpl = pluggy.HookimplMarker("agentrun")
"""Marks a function of a plugin as the implementation of a hook, such as ``agentrun_tools``."""
