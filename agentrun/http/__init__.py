"""HTTP servers on loopback and beyond: one that binds its port first, and bounds for slow clients."""
