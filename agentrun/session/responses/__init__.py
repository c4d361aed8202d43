"""Responses that are due: deadlines, provider faults, and callers who say nothing.

``answer.Answer`` says where an answer stands: a state machine without a clock, with what the model has made
of it in ``Attempt``, how long nothing was heard in ``Silence``, and what it waits for in ``ToolsAtWork``.
What happens is told to it through ``ResponseDeadline``, which has the clock: by ``AnswerEvents``, of models,
voices and the line, and by the session, of the caller's turns and of tools. What is to be done about one that
went wrong is decided by ``Faults`` and done by ``Remedies``. ``realtime/`` has what only a model needs that
is one connection for a whole call.
"""
