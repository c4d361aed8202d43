"""The caller's turns: spoken, written, keyed, or held until an answer has been heard."""
