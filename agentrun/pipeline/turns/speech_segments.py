"""Stretches of speech between silences, and their transcripts."""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.frames.frames import DataFrame


@dataclass
class SegmentWrittenFrame(DataFrame):
    """The words of one stretch of speech have all been sent; there may have been none."""
