"""What tests of accounts may ask for beside the common fixtures."""

from __future__ import annotations

import pytest


@pytest.fixture
def tom(manager, browse):
    """The manager’s browser."""
    return browse(manager)
