"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data beside the checkout; skip where a user's checkout has none."""
    folder = ROOT.parent / "shared"
    if not (folder / "spec.md").is_file():
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the reference data at {folder}")
        pytest.skip("reference data (../shared) is not part of a user's checkout")
    return folder
