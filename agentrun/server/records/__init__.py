"""Records of a server's calls: written while calls go on, kept, delivered, and read over HTTP."""
