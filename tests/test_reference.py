"""The generated reference pages of the documentation are those that the program generates now."""

from pathlib import Path

import pytest

from themis_rm.cli.reference import cli_page, settings_page

DIRECTORY = Path(__file__).resolve().parents[1] / "docs" / "reference"


@pytest.mark.parametrize(("name", "page"), [("cli.md", cli_page), ("settings.md", settings_page)])
def test_a_generated_page_is_current(name, page):
    current = (DIRECTORY / name).read_text("utf-8") == page()
    assert current, f"docs/reference/{name} is out of date: run 'make reference' and commit"
