"""The test of a plugin that README.md shows passes, and can fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.testing.desk import write

README = Path(__file__).parents[2] / "README.md"
[EXAMPLE] = re.findall(r"```python\n(from agentrun\.testing.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(("words", "passes"), [("From six to eleven.", True), ("At noon.", False)])
def test_the_example_is_a_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, passes: bool
) -> None:
    write(tmp_path, "- {name: none, turns: [{user: Hello}]}")
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    exec(EXAMPLE.replace('"From six to eleven."]', f'"{words}"]'), space)  # noqa: S102
    test = space["test_the_hours_are_told"]
    assert callable(test)
    if passes:
        test()
    else:
        with pytest.raises(AssertionError):
            test()
