"""Prose in code and documentation: plain technical English, American spelling, no private vocabulary."""

import re
from pathlib import Path

import pytest
from tests.command_line import all_verbs, cli

ROOT = Path(__file__).resolve().parents[1]

BANNED = {
    r"told|tells?|telling": "say, report, distinguish, or return whether",
    r"mend(s|ed|ing)?": "fix, hint",
    r"spoken|spoke|speaks?|speaking": "natural-language, say",
    r"beside": "next to, in addition to, besides",
    r"aside": "exclude, excluded",
    r"(goes|go|going|went|gone) on\b(?! the)": "resume, continue",
    r"of ours|our own": "name the thing",
    r"stands?|standing|stood(?!-)": "is, is listed, applies",
    r"dear": "expensive",
    r"held to": "compared with, checked against",
    r"hangs? together": "is coherent",
    r"likeness": "similarity",
    r"rooms?|house": "package",
    r"soundness|sift(s|ed|ing)?": "validity, validate",
    r"hand(s|ed|ing)?[ -]over": "export, pass",
    r"(laid|lays?|laying) over": "apply, override",
    r"lies|lay|lie|lain": "is in, is at",
    r"befalls?|trifling|riddles?|forthwith|whence|thereby|wherein": "plain words",
    r"gives? .{0,20}away": "reveals",
    r"at hand": "available",
    r"(?<!there )(is|was|are|were|be) no (?!longer|more|less|later|earlier|such|need|reason|way|other|file)[a-z]+": "is not a",
    r"(one|an?) (?!of|for|to|in|on|is|with|as|or|from|and)\w+ an? (line|pair|row|criterion|problem|request|file|cell|step)": "per",
    r"kin": "related",
    r"look(s|ed|ing)? (out|over|upon)": "check",
    r"what (it|they|one) (comes?|came) to": "total",
    r"leave (to|for)\b": "permission",
    r"by hand(?! )": "manually",
    r"(not|nothing) but\b": "only",
    r"licen[c]es?|tokenis\w*|behaviour\w*|catalogue\w*|artefacts?|labelled|modelling|judgement": "American spelling",
}
"""Pattern -> what to write instead. Patterns match whole words, whatever their case."""

ALLOWED = (
    r"standing on",
    r"stand-alone|standalone",
    r"out-of-house|in-house",
    r"leave[- ]one[- ]out",
)
"""Phrases that a pattern would match and that are the field's own."""


def prose_files() -> list[Path]:
    files = [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "benchmarks").rglob("*.py"),
        *(ROOT / "data").rglob("*.py"),
        *(ROOT / "examples").rglob("*.py"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "recipes").rglob("*.*"),
        *ROOT.glob("*.md"),
    ]
    skipped = ("data/authored", "goldens", "/site/")
    return [path for path in sorted(files) if path != Path(__file__) and not any(part in str(path) for part in skipped)]


_ANY = re.compile(r"(?<![\w/.-])(?:" + "|".join(f"(?:{pattern})" for pattern in BANNED) + r")(?![\w/-])", re.IGNORECASE)
_ALLOWED = re.compile("|".join(ALLOWED), re.IGNORECASE)


def findings(text: str) -> list[str]:
    """Return ``line: phrase`` for each banned phrase; ``# language: data`` at the end of a line exempts quoted data."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.rstrip().endswith(("# language: data", "<!-- language: data -->")):
            continue
        words = _ALLOWED.sub("", line.replace("_", " "))  # identifiers are words too
        found += [f"{number}: {match.group()}" for match in _ANY.finditer(words)]
    return found


@pytest.mark.parametrize("path", prose_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_uses_no_banned_words(path):
    assert findings(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("verb", ["", *dict(all_verbs())])
def test_help_texts_use_no_banned_words(verb):
    assert findings(cli(*verb.split(), "--help").stdout) == []


@pytest.mark.parametrize(
    "line", ["what was told", "the file lies in a folder", "It stands beside the model.", "a licence"]
)
def test_the_check_finds_banned_words(line):
    assert findings(line)


@pytest.mark.parametrize("line", ["the model understands", "alongside", "it believes", "a standalone file", "in order"])
def test_the_check_leaves_other_words_alone(line):
    assert not findings(line)
