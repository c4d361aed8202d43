"""The target ``bot``: a plain Pipecat ``bot.py`` that no longer needs agentrun."""
