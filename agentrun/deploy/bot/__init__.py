"""A plain ``bot.py`` in Pipecat's own way, which no longer needs this package: for those who leave."""
