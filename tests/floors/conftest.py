"""The browser and the servers that tests/conformance starts are used here, too."""

from conformance.conftest import fleet
from conformance.test_clients import chromium, page

__all__ = ["chromium", "fleet", "page"]
