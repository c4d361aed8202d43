"""Private parts of Pipecat's eval harness, which runs tests; servers don't load this."""
