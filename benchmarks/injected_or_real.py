"""How well length and n-grams separate injected bugs from real ones, as the area under the ROC curve (0.5: not at all).

A real bug is a function before a commit that is labeled FC and changes nothing else; an injected one is a bug in the
same function after that commit. Logistic regression is fitted on the difference between both versions, and tested on
repositories that it was not fitted on::

    themis-rm mine https://github.com/rack/rack ... --out mined
    python benchmarks/injected_or_real.py mined/commits
"""

from __future__ import annotations

import argparse
import inspect
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from math import copysign, log1p
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from bug_fixes import labeled
from themis_rm.curation.change_features import changed_spans
from themis_rm.curation.inject import inject
from themis_rm.languages.syntax import code_tokens, find_functions, parse, to_bytes, to_text
from themis_rm.models.ngrams import NGramSettings, fit_differences
from themis_rm.storage.digests import stable_id

MAX_BYTES = 6000
"""Longest function."""
FOLDS = 5
Features = dict[int, float]


def changed_function(old: str, new: str, language: str) -> tuple[str, str] | None:
    """Return the only function that a commit changes, before and after it, or ``None`` if it changes more."""
    before, after = to_bytes(old), to_bytes(new)
    old_spans, spans = changed_spans(old, new)
    first, last = spans[0][0], spans[-1][1]
    inside = [f.node for f in find_functions(parse(after, language), after, language)]
    inside = [node for node in inside if node.start_byte <= first and last <= node.end_byte + 1]
    if not inside:
        return None
    node = min(inside, key=lambda item: item.end_byte - item.start_byte)
    start, end = node.start_byte, max(node.end_byte, last)
    old_end = len(before) - (len(after) - end)
    if old_spans[-1][1] > old_end or max(end, old_end) - start > MAX_BYTES:
        return None
    return to_text(before[start:old_end]), to_text(after[start:end])


def changed_lines(before: str, after: str) -> tuple[list[str], list[str], int]:
    """Return the lines of both sides that differ, and the number of places."""
    one, two = before.splitlines(), after.splitlines()
    changes = [op for op in SequenceMatcher(None, one, two, autojunk=False).get_opcodes() if op[0] != "equal"]
    removed = [line for _, start, end, _, _ in changes for line in one[start:end]]
    added = [line for _, _, _, start, end in changes for line in two[start:end]]
    return removed, added, len(changes)


def length_features(chosen: str, rejected: str, language: str) -> Features:
    """Return the differences in characters, lines and tokens, with their signs and sizes."""
    removed, added, places = changed_lines(chosen, rejected)
    tokens = Counter(code_tokens(rejected, language)), Counter(code_tokens(chosen, language))
    values = [
        len(rejected) - len(chosen),
        rejected.count("\n") - chosen.count("\n"),
        tokens[0].total() - tokens[1].total(),
        (tokens[0] - tokens[1]).total(),
        (tokens[1] - tokens[0]).total(),
        len(removed),
        len(added),
        places,
    ]
    features: Features = {0: 1.0}
    for number, value in enumerate(values):
        features[3 * number + 1] = copysign(log1p(abs(value)), value)
        features[3 * number + 2] = log1p(abs(value))
        features[3 * number + 3] = float(np.sign(value))
    return {key: value for key, value in features.items() if value}


def ngram_features(chosen: str, rejected: str, language: str) -> Features:
    """Return the n-grams of the tokens of the changed lines of both sides, up to three tokens."""
    removed, added, _ = changed_lines(chosen, rejected)
    counts: Counter[int] = Counter()
    for sign, lines in (("-", removed), ("+", added)):
        tokens = code_tokens("\n".join(lines), language)
        for size in (1, 2, 3):
            for first in range(len(tokens) - size + 1):
                counts[zlib.crc32("\x1f".join([sign, *tokens[first : first + size]]).encode()) & 0xFFFF] += 1
    return {64: 1.0, **{128 + key: log1p(count) for key, count in counts.items()}}


def both_features(chosen: str, rejected: str, language: str) -> Features:
    """Return the features of lengths and n-grams."""
    return length_features(chosen, rejected, language) | ngram_features(chosen, rejected, language)


def area(real: list[float], injected: list[float]) -> float:
    """Return the area under the ROC curve of scores."""
    ranks = rankdata([*real, *injected])
    return float((ranks[: len(real)].sum() - len(real) * (len(real) + 1) / 2) / (len(real) * len(injected)))


def separate(pairs: list[tuple[str, bool, Features]]) -> float:
    """Return the area of the regression, tested on folds of repositories."""
    scores: tuple[list[float], list[float]] = ([], [])
    for fold in range(FOLDS):

        def tested(repository: str, fold: int = fold) -> bool:
            return int(stable_id(repository)[:8], 16) % FOLDS == fold

        rows = [
            {key: value if is_real else -value for key, value in features.items()}
            for repository, is_real, features in pairs
            if not tested(repository)
        ]
        model = fit_differences(rows, NGramSettings(bits=17, l2=1e-3))
        for repository, is_real, features in pairs:
            if tested(repository):
                scores[not is_real].append(sum(float(model.weight[key]) * value for key, value in features.items()))
    return area(*scores)


def read_pairs(
    commits: Path, per_repository: int, options: dict[str, object]
) -> Iterator[tuple[str, str, bool, str, str]]:
    """Yield the repository, the language, whether the bug is real, and the function without and with the bug."""
    for row, criteria in labeled(commits, per_repository):
        if criteria[0] != "FC":
            continue
        language = row["language"]
        sides = changed_function(row["old_contents"], row["new_contents"], language)
        if sides is None or code_tokens(sides[0], language) == code_tokens(sides[1], language):
            continue
        injections = inject(sides[1], language, seed=row["commit"], **options)  # type: ignore[arg-type]
        if injections:
            yield row["repos"], language, True, sides[1], sides[0]
            yield row["repos"], language, False, sides[1], injections[0].code


def main() -> None:
    """Print the areas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commits", type=Path, help="mined commits")
    parser.add_argument("--per-repository", type=int, default=200, help="most labeled commits of one repository")
    parser.add_argument("--weights", default="frequency", help="frequency or uniform")
    parser.add_argument("--any-length", action="store_true", help="do not balance the growth of the code")
    arguments = parser.parse_args()
    known = inspect.signature(inject).parameters
    options = (
        {"weights": arguments.weights, "balance_length": not arguments.any_length} if "balance_length" in known else {}
    )
    rows = list(read_pairs(arguments.commits, arguments.per_repository, options))
    small = {i // 2 for i, row in enumerate(rows) if row[2] and is_small(row[3], row[4])}
    for group, chosen in (("all", rows), ("small", [row for i, row in enumerate(rows) if i // 2 in small])):
        print(f"{group}: {len(chosen) // 2} functions of {len({row[0] for row in chosen})} repositories")
        for is_real in (True, False):
            growth = [len(row[4]) - len(row[3]) for row in chosen if row[2] == is_real]
            longer, shorter = (np.mean([g > 0 for g in growth]), np.mean([g < 0 for g in growth]))
            size = np.median(np.abs(growth))
            print(f"  {'real' if is_real else 'injected':8} longer {longer:.1%}, shorter {shorter:.1%}, by {size:.0f}")
        kinds: dict[str, Callable[[str, str, str], Features]] = {
            "length": length_features,
            "n-grams": ngram_features,
            "both": both_features,
        }
        for kind, features in kinds.items():
            pairs = [(name, real, features(good, bad, language)) for name, language, real, good, bad in chosen]
            print(f"  {kind:8} {separate(pairs):.3f}")


def is_small(chosen: str, rejected: str) -> bool:
    """Return whether a change is in one place and has at most three lines on each side."""
    removed, added, places = changed_lines(chosen, rejected)
    return places == 1 and max(len(removed), len(added)) <= 3


if __name__ == "__main__":
    main()
