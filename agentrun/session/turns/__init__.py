"""The turns of a caller: spoken, written, keyed, and held until an answer has been heard."""
