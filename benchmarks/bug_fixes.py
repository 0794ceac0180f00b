"""Count how often real fixes undo the edit of each bug operator, which gives the weights of bug injection.

Each change of a commit with a criterion is reverted on its own, inside the function that contains it. It counts for an
operator if one of the operator's edits of the fixed function gives the same tokens as the version before the fix, and
for one kind of change, also of those that no operator makes::

    themis-rm mine https://github.com/rack/rack ... --out mined
    python benchmarks/bug_fixes.py mined/commits --table src/themis_rm/curation/inject/bug_fixes.json
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from themis_rm.curation.change_features import change_features, changed_spans
from themis_rm.curation.inject.operators import list_operators
from themis_rm.curation.inject.tree import CodeTree, Node
from themis_rm.curation.labels import label_commit, read_message
from themis_rm.curation.subjects import title_and_body
from themis_rm.languages import get_language
from themis_rm.languages.file_paths import kind_of_path
from themis_rm.languages.syntax import code_tokens, find_functions, parse, to_bytes, to_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import read_rows

MAX_LINES = 12
"""Most lines of either side of a change."""
MAX_BYTES = 20_000
"""Longest function that is searched for edits."""
NEAR_LINES = 3
"""Changes with fewer unchanged lines between them are one."""
_TOKEN = re.compile(rb"\w+|\S")


@dataclass
class Fix:
    """One change of a fix, inside a function.

    Attributes:
        language: Name of the language.
        fixed: The function after the fix.
        buggy: The function before this change.
        start: First byte of ``fixed`` that the change wrote.
        end: Byte after its last one.
    """

    language: str
    fixed: str
    buggy: str
    start: int
    end: int


def fixes(old: str, new: str, language: str) -> Iterator[Fix]:
    """Yield the small changes inside functions between two versions of a file."""
    before, after = to_bytes(old), to_bytes(new)
    spans = list(zip(*changed_spans(old, new), strict=True))
    merged: list[tuple[int, int, int, int]] = []
    for (old_start, old_end), (start, end) in spans:
        if merged and after[merged[-1][3] : start].count(b"\n") < NEAR_LINES:
            merged[-1] = (merged[-1][0], old_end, merged[-1][2], end)
        else:
            merged.append((old_start, old_end, start, end))
    functions = [f.node for f in find_functions(parse(after, language), after, language)]
    for old_start, old_end, start, end in merged:
        sides = before[old_start:old_end], after[start:end]
        if max(side.count(b"\n") for side in sides) > MAX_LINES:
            continue
        around = [
            node
            for node in functions
            if node.start_byte <= start + len(sides[1]) - len(sides[1].lstrip()) and end <= node.end_byte + 1
        ]
        if not around:
            continue
        node = min(around, key=lambda item: item.end_byte - item.start_byte)
        first, last = min(node.start_byte, start), max(node.end_byte, end)
        if last - first > MAX_BYTES:
            continue
        fixed = to_text(after[first:last])
        buggy = to_text(after[first:start] + sides[0] + after[end:last])
        yield Fix(language, fixed, buggy, start - first, end - first)


def squeeze(data: bytes) -> bytes:
    """Return code without white space and comments to the end of the line, for a quick comparison."""
    return b" ".join(_TOKEN.findall(re.sub(rb"(?:(?<!:)//|(?<![\w&$])#(?![\w{])).*", b"", data)))


def matching(fix: Fix, tree: CodeTree) -> tuple[set[str], set[str]]:
    """Return the operators that fit the fixed function, and those with an edit that gives the one before the fix."""
    begin = tree.fragment.start
    data, buggy = tree.data, to_bytes(fix.buggy)
    start, end = begin + fix.start, begin + fix.end
    old = data[:begin] + buggy + data[tree.fragment.end :]
    low, high = max(0, start - 300), min(len(data), end + 300)
    wanted = squeeze(old[low : len(old) - (len(data) - high)])
    available, found = set(), set()
    tokens = None
    for operator in list_operators():
        for edit in operator.propose(tree):
            if edit.start < begin or edit.end > tree.fragment.end:
                continue
            available.add(operator.name)
            if edit.start < low or edit.end > high or edit.end < start - 2 or edit.start > end + 2:
                continue
            if squeeze(data[low : edit.start] + edit.text + data[edit.end : high]) != wanted:
                continue
            changed = edit.apply(data)
            tokens = tokens or code_tokens(fix.buggy, fix.language)
            if (
                code_tokens(to_text(changed[begin : len(changed) - (len(data) - tree.fragment.end)]), fix.language)
                == tokens
            ):
                found.add(operator.name)
                break
    return available, found


def kind_of_change(fix: Fix, tree: CodeTree) -> str:
    """Return what a fix does, seen from the bug: what is missing, too much or different in it."""
    begin = tree.fragment.start
    new = list(_TOKEN.finditer(tree.data, begin + fix.start, begin + fix.end))
    buggy = to_bytes(fix.buggy)
    old = list(_TOKEN.finditer(buggy, fix.start, len(buggy) - (len(to_bytes(fix.fixed)) - fix.end)))
    matcher = SequenceMatcher(None, [m[0] for m in old], [m[0] for m in new], autojunk=False)
    changes = [op for op in matcher.get_opcodes() if op[0] != "equal"]
    if not changes:
        return "layout"
    first, last = changes[0], changes[-1]
    if all(op[0] == "insert" for op in changes):
        nodes = _covered(tree, [(new[op[3]].start(), new[op[4] - 1].end()) for op in changes])
        return "missing " + _part(tree, nodes, new[first[3]].start())
    other = CodeTree(fix.buggy, fix.language)
    if all(op[0] == "delete" for op in changes):
        shift = other.fragment.start
        nodes = _covered(other, [(shift + old[op[1]].start(), shift + old[op[2] - 1].end()) for op in changes])
        return "extra " + _part(other, nodes, shift + old[first[1]].start())
    if len(changes) > 1 and (last[4] - first[3] > 12 or last[2] - first[1] > 12):
        return "rewritten"
    one, two = old[first[1] : last[2]], new[first[3] : last[4]]
    where = _place(tree, new[first[3]].start() if two else begin + fix.start)
    if len(one) <= 2 and len(two) <= 2:
        return f"different {_token_kind(b''.join(m[0] for m in two))} in {where}"
    return f"different expression in {where}"


def _token_kind(text: bytes) -> str:
    if re.fullmatch(rb"-?[\d.]\w*", text):
        return "number"
    if re.fullmatch(rb"(?i)true|false", text):
        return "boolean"
    return "name" if re.fullmatch(rb"[\w.]+[!?]?", text) else "operator"


def _covered(tree: CodeTree, spans: list[tuple[int, int]]) -> list[Node]:
    """Return the outermost statements and branches that are completely in one of the ranges."""
    blocks, found, end = tree.grammar.blocks, [], 0
    for node in tree.all_nodes:
        if node.start < end or not node.named or node.parent is None or node.parent.type not in blocks:
            continue
        if any(start <= node.start and node.end <= stop for start, stop in spans):
            found.append(node)
            end = node.end
    return found


def _part(tree: CodeTree, nodes: list[Node], position: int) -> str:
    grammar = tree.grammar
    if not nodes:
        around = next((n for n in reversed(tree.all_nodes) if n.start <= position < n.end and n.named), None)
        headers = grammar.conditionals | grammar.modifiers
        if around is not None and around.start == position and around.type in headers:
            return "condition around statements"
        return f"part of {_place(tree, position)}"
    if len(nodes) > 1:
        return "statements"
    node = tree.expression(nodes[0])
    if node.type in grammar.conditionals | grammar.modifiers:
        body = tree.body(node)
        return "guard" if body and tree.is_exit(body[-1]) else "branch"
    for name, kinds in (
        ("exit", grammar.exits), ("throw", grammar.throws), ("call", grammar.calls), ("call", grammar.awaits),
        ("assignment", grammar.assignments), ("update", grammar.updates), ("loop", grammar.loops),
        ("declaration", frozenset(grammar.declares)),
    ):  # fmt: skip
        if node.type in kinds:
            return name
    return "declaration" if "declaration" in node.type else "statement"


def _place(tree: CodeTree, position: int) -> str:
    grammar = tree.grammar
    node = next((n for n in reversed(tree.all_nodes) if n.start <= position < n.end), None)
    while node is not None and node.parent is not None and node.type not in grammar.blocks:
        owner = node.parent
        if node.field == "condition" and owner.type in grammar.conditionals | grammar.modifiers | grammar.loops:
            return "condition"
        if node.type in grammar.arguments:
            return "arguments"
        if node.type in grammar.returns:
            return "return value"
        if node.type in grammar.assignments and node.child("left") is None:
            return "assignment"
        if node.field in ("right", "value") and owner.type in grammar.assignments | frozenset(grammar.declares):
            return "assigned value"
        if node.type in grammar.calls:
            return "call"
        if node.type in ("parameters", "formal_parameters", "parameter_list"):
            return "signature"
        node = owner
    return "statement"


@dataclass
class Counts:
    """Counts of changes of one criterion."""

    commits: int = 0
    changes: int = 0
    matched: int = 0
    operators: Counter[str] = field(default_factory=Counter)
    available: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    growth: Counter[int] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    repositories: Counter[str] = field(default_factory=Counter)


def labeled(commits: Path, per_repository: int) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield commits with the criteria that the labeler gives them, at most some of each repository."""
    taken: Counter[str] = Counter()
    for row in read_rows(commits):
        if taken[row["repos"]] >= per_repository or row["reverted"]:
            continue
        if get_language(row["language"]).injection is None or kind_of_path(row["file_path"], row["repos"]):
            continue
        message = read_message(*title_and_body(row["subject"], row["message"]))
        if not message.may_have_label():
            continue
        criteria = label_commit(message, change_features(row["old_contents"], row["new_contents"], row["language"]))
        if criteria:
            taken[row["repos"]] += 1
            yield row, list(criteria)


def main() -> None:
    """Print the counts and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commits", type=Path, help="mined commits")
    parser.add_argument("--per-repository", type=int, default=1000, help="most labeled commits of one repository")
    parser.add_argument("--examples", type=Path, help="file to write changes to that no operator makes")
    parser.add_argument("--table", type=Path, help="file to write the table of bug injection to")
    arguments = parser.parse_args()
    total: dict[str, Counts] = defaultdict(Counts)
    examples = arguments.examples.open("w", encoding="utf-8") if arguments.examples else None
    for row, criteria in labeled(arguments.commits, arguments.per_repository):
        counts = total[criteria[0]]
        counts.commits += 1
        for fix in fixes(row["old_contents"], row["new_contents"], row["language"]):
            if code_tokens(fix.fixed, fix.language) == code_tokens(fix.buggy, fix.language):
                continue
            tree = CodeTree(fix.fixed, fix.language)
            available, found = matching(fix, tree)
            kind = kind_of_change(fix, tree)
            counts.changes += 1
            counts.matched += bool(found)
            counts.kinds[kind] += 1
            counts.languages[fix.language] += 1
            counts.repositories[row["repos"]] += 1
            growth = len(fix.buggy) - len(fix.fixed)
            counts.growth[(growth > 0) - (growth < 0)] += 1
            counts.available.update(available)
            for name in found:
                counts.operators[name] += 1 / len(found)
            if examples and not found and int(stable_id(fix.fixed)[:2], 16) < 64:
                old, new = (to_text(t) for t in _sides(fix))
                examples.write(f"== {kind}\t{fix.language}\t{row['subject'][:80]}\n-- bug\n{old}\n++ fix\n{new}\n")
    for criterion, counts in sorted(total.items()):
        print(f"{criterion}: {counts.commits} commits, {counts.changes} changes, {counts.matched} undo an operator")
        print(
            "  growth of the bug",
            {k: round(v / counts.changes, 3) for k, v in sorted(counts.growth.items())},
            dict(counts.languages.most_common()),
        )
        for name, number in counts.kinds.most_common(45):
            print(f"    {number / counts.changes:6.1%} {name}")
        for name, number in counts.operators.most_common():
            print(f"    {number:7.1f} {name} available in {counts.available[name] / counts.changes:.2f}")
    if arguments.table:
        arguments.table.write_text(json.dumps(table(total, arguments.commits), indent=1) + "\n", encoding="utf-8")


def table(total: Mapping[str, Counts], commits: Path) -> dict[str, Any]:
    """Return the table that bug injection reads its weights from."""
    criteria = {"FC": total["FC"], "ME": total["ME"]}
    return {
        "about": "Changes of commits that undo an edit of each bug operator, counted by benchmarks/bug_fixes.py",
        "measured": date.today().isoformat(),
        "repositories": sorted(repository_names(commits)),
        "commits": {short: counts.commits for short, counts in criteria.items()},
        "changes": {short: counts.changes for short, counts in criteria.items()},
        "matched": {short: counts.matched for short, counts in criteria.items()},
        "growth": {
            short: {sign: round(counts.growth[sign] / max(1, counts.changes), 3) for sign in (1, -1, 0)}
            for short, counts in criteria.items()
        },
        "operators": {
            operator.name: {
                "criterion": operator.criterion,
                "changes": round(criteria[operator.criterion].operators[operator.name], 2),
                "fits": round(
                    criteria[operator.criterion].available[operator.name]
                    / max(1, criteria[operator.criterion].changes),
                    4,
                ),
            }
            for operator in list_operators()
            if operator.criterion in criteria
        },
        "kinds": {
            short: {name: count for name, count in counts.kinds.most_common() if count > 1}
            for short, counts in criteria.items()
        },
    }


def repository_names(commits: Path) -> Iterator[str]:
    """Yield the names of the mined repositories that gave commits, from the records next to the commits."""
    for file in sorted((commits.parent / "repositories").glob("*.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        if record.get("kept"):
            yield "/".join(record["source"].removesuffix(".git").split("/")[-2:])


def _sides(fix: Fix) -> tuple[bytes, bytes]:
    fixed, buggy = to_bytes(fix.fixed), to_bytes(fix.buggy)
    return buggy[fix.start : len(buggy) - (len(fixed) - fix.end)], fixed[fix.start : fix.end]


if __name__ == "__main__":
    main()
