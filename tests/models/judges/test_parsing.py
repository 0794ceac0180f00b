"""Strict reading: every golden case, every trap of the code in circulation, and any text at all."""

import json

import pytest
from tests.conftest import ROOT

from themis_rm.models.judges.parsing import (
    parse_boxed,
    parse_explained,
    parse_score_line,
    parse_unit_test,
    parse_verdict,
)

GOLDENS = ROOT / "tests" / "goldens" / "generative"
PARSERS = {"cerm": parse_boxed, "lmunit": parse_unit_test, "r3": parse_explained}
SCALES = {
    parse_score_line: (1, 9),
    parse_boxed: (0, 10),
    parse_verdict: (0, 1),
    parse_unit_test: (1, 5),
    parse_explained: (1, 5),
}


def golden(family):
    for case in json.loads((GOLDENS / family / "parsing.json").read_text())["cases"]:
        parsed = case["parsed"]
        if isinstance(parsed, dict):
            parsed = None if parsed["parse_failed"] else parsed["score"]
        yield case["output"], parsed


CASES = [(family, *case) for family in PARSERS for case in golden(family)]


@pytest.mark.parametrize(("family", "output", "expected"), CASES)
def test_goldens(family, output, expected):
    print(PARSERS[family](output))
    assert PARSERS[family](output).value == expected
