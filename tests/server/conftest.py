"""What the tests of this folder share."""

from tests.records.conftest import pgbouncer, postgresql, url

__all__ = ["pgbouncer", "postgresql", "url"]
