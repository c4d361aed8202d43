"""The benchmark's medians as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

WIDTH, ROW, LEFT, TOP = 900, 46, 260, 60
COLOURS = {"handwritten": "#9aa4ae", "agentrun": "#3f6fd1"}


def plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a PNG with a pair of bars for each of ``rows``."""
    height = TOP + ROW * len(rows) + 30
    image = Image.new("RGB", (WIDTH, height), "white")
    draw = ImageDraw.Draw(image)
    font, small = ImageFont.load_default(15), ImageFont.load_default(12)
    most = max((row[name] for row in rows for name in COLOURS if row[name] == row[name]), default=1.0)
    draw.text(
        (16, 16),
        "Time to the first sound, and from the caller's word to silence: ms, medians",
        "#1b1f24",
        font,
    )
    for place, (name, colour) in enumerate(COLOURS.items()):
        draw.rectangle((LEFT + 130 * place, 40, LEFT + 12 + 130 * place, 52), fill=colour)
        draw.text((LEFT + 18 + 130 * place, 38), name, "#1b1f24", small)
    for index, row in enumerate(rows):
        y = TOP + index * ROW
        draw.text((16, y + 8), f"{row['style']}, {row['profile']}", "#5c6670", small)
        draw.text((16, y + 22), row["measure"], "#1b1f24", small)
        for place, (name, colour) in enumerate(COLOURS.items()):
            value = row[name] if row[name] == row[name] else 0.0
            end = LEFT + value / most * (WIDTH - LEFT - 70)
            draw.rectangle((LEFT, y + 6 + 17 * place, end, y + 20 + 17 * place), fill=colour)
            draw.text((end + 6, y + 5 + 17 * place), f"{value:.0f}", "#1b1f24", small)
    image.save(path, optimize=True)
