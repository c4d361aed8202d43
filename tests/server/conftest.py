"""What the tests of this folder share."""

from tests.records.conftest import postgresql, url

__all__ = ["postgresql", "url"]
