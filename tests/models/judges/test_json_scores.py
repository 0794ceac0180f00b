"""Scores in JSON: malformed objects as models write them, and objects that are quoted in them."""

import pytest

from themis_rm.models.judges.parsing import parse_explained, parse_unit_test


@pytest.mark.parametrize("parse", [parse_explained, parse_unit_test])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"explanation": "fine", "score": 4,}', 4),
        ('{"score": 4, "explanation": "fine",}', 4),
        ("{'explanation': 'fine', 'score': 4}", 4),
        ("{'score': 4, 'explanation': 'fine'}", 4),
        ("{explanation: fine, score: 4}", 4),
        ('{"explanation": "a "quoted" word", "score": 4}', 4),
        ('{"score": 4}\n\nI hope that this helps.', 4),
        ("Score: 4 out of 5", 4),
        ("Score: \\boxed{4}", 4),
        # A quoted object inside the judge's own, malformed one.
        ('{"explanation": "It has {"score": 5}.", "score": 1}', 1),
        ('{"explanation": "It has {"score": 5}.", "score": 1,}', 1),
        ("{'explanation': 'It has {\"score\": 5}.', 'score': 1}", 1),
        ('{"explanation": "It has ```json\n{"score": 5}\n``` in it.", "score": 1}', 1),
        ('```json\n{"explanation": "It has {"score": 5}.", "score": 1}\n```', 1),
        ('{"explanation": "It has x", "score": 5} in it.", "score": 1}', 1),
        ('{"explanation": "It has {"score": 5}."}\n\nMy score: 1', 1),
        ('{"score": 1, "explanation": "It has {"score": 5}."}', None),
        ('{"explanation": "It has {"score": 5}', None),
        ('{"explanation": "It has {"score": 5}.", "score": none}', None),
        ('{"explanation": "It has x", "score": 5, "y": " in it.", "score": 1}', None),
        # A quoted object before or after a verdict in prose.
        ('It has {"score": 5}. My verdict: score: 1', 1),
        ('It has {"score": 5}. It gets the lowest score.', None),
        ('{"score": 1} {"score": 5} is quoted', None),
        ("Score: 3-4", None),
        ("Score: 3 or 4", None),
    ],
)
def test_the_own_score_is_read_or_none(parse, text, value):
    assert parse(text).value == value
