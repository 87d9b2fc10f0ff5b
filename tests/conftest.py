"""What every test may use."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """anyio tests run on asyncio, as the program does."""
    return "asyncio"
