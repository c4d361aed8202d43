"""The benchmark's figures as a picture: each pair of bars has a scale of its own.

``python benchmarks/bench_plot.py`` draws ``results/bench.png`` from ``results/bench.json`` and ``held.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

RESULTS = Path(__file__).parent / "results"
WIDTH, ROW, LEFT, RIGHT, HEAD = 980, 40, 250, 70, 34
COLOURS = {"handwritten": "#9aa4ae", "agentrun": "#3f6fd1"}
INK, FAINT = "#1b1f24", "#5c6670"


@dataclass(frozen=True)
class Pair:
    """What is measured of both, and how many digits after the point it has."""

    group: str
    name: str
    values: dict[str, float]
    digits: int = 0


def pairs(rows: Sequence[dict[str, Any]], held: Sequence[dict[str, Any]]) -> Iterator[Pair]:
    """Waits and costs of one call, and how many calls one core holds."""
    for row in rows:
        group = f"{row['style']}, {row['profile']}: ms, and processor time"
        digits = 2 if row["measure"].startswith("CPU") else 0
        yield Pair(group, row["measure"], {name: row[name] for name in COLOURS}, digits)
    for style in dict.fromkeys(each["style"] for each in held):
        both = {each["system"]: each for each in held if each["style"] == style}
        if set(both) == set(COLOURS):
            group = f"{style}, realistic: many calls on one core"
            yield Pair(group, "calls held (more is better)", {n: both[n]["held"] for n in COLOURS})
            memory = {name: _memory(both[name]) for name in COLOURS}
            yield Pair(group, "MB a call, at the most held", memory, 1)


def _memory(each: dict[str, Any]) -> float:
    """Of those that were held; of none there is nothing to say."""
    held = [load["memory_mb_a_call"] for load in each["loads"] if load["calls"] == each["held"]]
    return float(held[0]) if held else float("nan")


def plot(found: Sequence[Pair], path: Path) -> None:
    """Write a PNG with a pair of bars for each of ``found``."""
    groups = list(dict.fromkeys(pair.group for pair in found))
    height = 50 + HEAD * len(groups) + ROW * len(found) + 20
    image = Image.new("RGB", (WIDTH, height), "white")
    draw = ImageDraw.Draw(image)
    font, small = ImageFont.load_default(14), ImageFont.load_default(12)
    for place, (name, colour) in enumerate(COLOURS.items()):
        left = LEFT + 130 * place
        draw.rectangle((left, 18, left + 12, 30), fill=colour)
        draw.text((left + 18, 15), name, INK, small)
    y = 44
    for group in groups:
        draw.text((16, y + 8), group, INK, font)
        y += HEAD
        for pair in (pair for pair in found if pair.group == group):
            _row(draw, pair, y, small)
            y += ROW
    image.save(path, optimize=True)


def _row(draw: ImageDraw.ImageDraw, pair: Pair, y: int, font: Any) -> None:
    draw.text((16, y + 10), pair.name, FAINT, font)
    most = max((value for value in pair.values.values() if value == value), default=1.0) or 1.0
    for place, (name, colour) in enumerate(COLOURS.items()):
        value = pair.values[name]
        end = LEFT + (value if value == value else 0.0) / most * (WIDTH - LEFT - RIGHT)
        draw.rectangle((LEFT, y + 4 + 16 * place, end, y + 17 + 16 * place), fill=colour)
        draw.text((end + 6, y + 3 + 16 * place), f"{value:.{pair.digits}f}", INK, font)


def main() -> None:
    """Draw what was measured last."""
    rows = json.loads((RESULTS / "bench.json").read_text())["rows"]
    held = RESULTS / "held.json"
    plot(list(pairs(rows, json.loads(held.read_text()) if held.exists() else [])), RESULTS / "bench.png")


if __name__ == "__main__":
    main()
