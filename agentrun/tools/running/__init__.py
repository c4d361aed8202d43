"""How a tool runs: in its own tasks and threads, watched, and without holding the event loop."""
