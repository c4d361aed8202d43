"""The test that README.md shows runs as it stands, against README's own agent and tool, and can fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"```python\n(from agentrun\.testing.*?)```", README, re.DOTALL)
[PLUGIN] = re.findall(r'```python\n("""Take bookings.*?)```', README, re.DOTALL)
AGENT, TESTS, *_ = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a reader of the README has written so far."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "trattoria.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "desk.yaml").write_text(AGENT, encoding="utf-8")
    (tmp_path / "desk.tests.yaml").write_text(TESTS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("words", "passes"), [("Your table is booked.", True), ("At noon.", False)])
def test_the_example_in_python_is_a_test(project: Path, words: str, passes: bool) -> None:
    space: dict[str, object] = {}
    exec(EXAMPLE.replace('"Your table is booked."]', f'"{words}"]'), space)  # noqa: S102
    test = space["test_a_table_is_booked"]
    assert callable(test)
    if passes:
        test()
    else:
        with pytest.raises(AssertionError):
            test()


def test_the_tests_in_yaml_pass(project: Path) -> None:
    from click.testing import CliRunner

    from agentrun.cli.main import main

    done = CliRunner().invoke(main, ["test", "desk.yaml"], standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 0), done.output
