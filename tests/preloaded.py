"""What each forked ``agentrun`` of a test has imported already: the costly libraries, and what a call needs.

The command line itself is not among it: it looks at its terminal and its environment when it is imported.
"""

import gc

from loguru import logger

gc.disable()
logger.disable("pipecat")

import agentrun.server.app.application  # noqa: E402
import agentrun.server.lifecycle.startup  # noqa: E402
import agentrun.simulate.caller  # noqa: E402
import agentrun.testing.running.environment  # noqa: E402, F401

logger.enable("pipecat")
gc.enable()
gc.freeze()
