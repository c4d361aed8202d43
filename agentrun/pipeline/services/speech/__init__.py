"""OpenAI's speech: asked for, checked, read no faster than it is heard, and resumed where it broke off."""
