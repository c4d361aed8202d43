"""The right passage is among the first three for nine questions in ten."""

from __future__ import annotations

from pathlib import Path

from agentrun.tools.knowledge.index import search

HERE = Path(__file__).parent


def test_the_right_passage_is_among_the_first_three(tmp_path: Path) -> None:
    lines = (HERE / "questions.txt").read_text(encoding="utf-8").splitlines()
    questions = [tuple(part.strip() for part in line.split("|")) for line in lines]
    assert len(questions) >= 30
    missed = []
    for question, wanted in questions:
        found = search(HERE / "docs", tmp_path / "index.sqlite", question, 3)
        names = [f"{hit.source} > {hit.heading.split(' > ')[-1]}".removesuffix(" > ") for hit in found]
        if wanted not in names:
            missed.append((question, names))
    assert len(missed) / len(questions) <= 0.1, missed
