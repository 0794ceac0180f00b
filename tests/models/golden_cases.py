"""Tiny checkpoints of every family in their published formats, with scores of the reference implementation.

As a script it prints the table of ``docs/how-to/models.md``: the largest differences per checkpoint.
"""

import json
import random
import sys
import tempfile
from functools import cache
from pathlib import Path

from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

FOLDER = Path(__file__).parents[1] / "goldens" / "rm"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
SIDES = ("chosen", "rejected")

SETTINGS = {
    "automodel": {"ignore_remote_code": True},
    "ldl": {"pickled_weights": True},
    "nemotron": {"family": "next-token-logit"},
}
"""Settings that cannot be detected from the files."""

FOLDED = {"automodel", "eurus", "ldl", "qrm", "seqcls-gemma2", "ultra"}
"""Templates that reject a system message: the reference then writes plain text without turns, this package folds it."""

SYSTEM_KEYS = {"plain": None, "aspect_own": "system_own", "full_own": "system_own_full"}


USER_ASSISTANT = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ ('User: ' if m.role == 'user' else 'Assistant: ') + m.content }}{{ '' if loop.last else '\\n' }}{% endfor %}"
)
"""UltraRM's format in the reference; the default of this package is that of the model card, with one BOS token."""


@cache
def expected(name):
    return json.loads((FOLDER / name / "expected.json").read_text(encoding="utf-8"))


@cache
def rows(name):
    lines = (FOLDER / name / "inputs.jsonl").read_text(encoding="utf-8").splitlines()
    return {(row["pair"], row["side"]): row for row in map(json.loads, lines)}


def conversations(name, side, mode="plain"):
    key = SYSTEM_KEYS[mode]
    chosen = [rows(name)[pair, side] for pair in expected(name)["pair_ids"]]
    return [conversation(row[key] if key else None, row["prompt"], row["response"]) for row in chosen]


def model_of(name, scratch, folder=None, **settings):
    required = dict(SETTINGS.get(name, {}))
    if name == "ultra":
        required["chat_template"] = scratch / "user_assistant.jinja"
        required["chat_template"].write_text(USER_ASSISTANT, encoding="utf-8")
    return load_model(folder or FOLDER / name, ModelSettings(**required | settings))


def right_scores(name, side):
    """Return the scores of a correct implementation without a criteria prompt."""
    golden = expected(name)
    if name == "internlm":  # the reference fails for a batch of one; these are its scores from ``get_score``
        return golden["get_score_one_by_one"]["plain"][side]
    modes = golden.get("extras", {}).get("attn_implementation_eager", golden["modes"])
    single = modes.get("plain.ml4096.bs1.add_special_tokens_false", modes["plain.ml4096.bs1"])
    return single[side]


def reference_scores(name, side, mode, length):
    """Return the scores of the reference, ``None`` where it has none; those of Gemma-2 are computed with SDPA."""
    golden = expected(name)
    if name == "internlm":  # it does not truncate
        return golden["get_score_one_by_one"].get(mode, {side: [None] * 4})[side] if length == 4096 else [None] * 4
    modes = golden.get("extras", {}).get("attn_implementation_eager", {}) | {
        key: value
        for key, value in golden["modes"].items()
        if "attn_implementation_eager" not in golden.get("extras", {})
    }
    return modes.get(f"{mode}.ml{length}.bs1", {side: [None] * 4})[side]


def reference_ids(model, name, side, mode, length):
    """Return the ids that the reference scored: double BOS, plain text without turns, truncated end."""
    golden, encoder = expected(name), model.encoder
    if mode != "plain" and name in FOLDED:
        texts = [_without_turns(*(message["content"] for message in talk)) for talk in conversations(name, side, mode)]
        ids = encoder.tokenizer(texts)["input_ids"]
    else:
        ids = [item.ids for item in encoder.encode(conversations(name, side, mode))]
        # The reference adds a BOS token, also if the template writes one.
        twice = golden.get("double_bos") or name == "ultra"
        ids = [[encoder.tokenizer.bos_token_id, *row] for row in ids] if twice else ids
    # QRM on Gemma-2 removes the second BOS token after truncation, in batches of one.
    return [row[:length][1 if name == "qrm" else 0 :] for row in ids]


def _without_turns(system, request, answer):
    return f"System:\n{system}\n\nUser:\n{request}\n\nAssistant:\n{answer}"


def rewards_of_ids(model, ids):
    """Return the rewards of token ids; the boundary of a gate is located in them."""
    marks = model.encoder.boundary_ids
    bounds = [_last(row, marks) for row in ids] if marks else None
    return model.rewards(ids, bounds)


def _last(row, marks):
    starts = [first for first in range(len(row)) if row[first : first + len(marks)] == marks]
    return starts[-1] if starts else -1


def largest(values, target):
    """Return the largest difference, ``None`` if the target has no score."""
    pairs = [(a, b) for a, b in zip(values, target, strict=True) if b is not None]
    return max((abs(a - b) for a, b in pairs), default=None)


def differences(name, scratch):
    """Return column -> largest difference from the reference over both responses of every pair."""
    model, single = model_of(name, scratch), model_of(name, scratch, batch_tokens=1)
    padded = model_of(name, scratch, share_prefixes=False, batch_tokens=100_000)
    table = {}

    def note(column, value):
        if value is not None:
            table[column] = max(table.get(column, 0.0), value)

    for side in SIDES:
        right, talks = right_scores(name, side), conversations(name, side)
        encoded = model.encoder.encode(talks)
        ids, bounds = [item.ids for item in encoded], [item.boundary for item in encoded]
        note("batch 1", largest([score.reward for score in single.score(talks)], right))
        for padding in ("left", "right"):
            padded.layout.side = padding
            note(f"batch 4, padded {padding}", largest(padded.rewards(ids, bounds), right))
        order = random.Random(5).sample(range(len(talks)), len(talks))
        mixed = model.score([talks[index] for index in order])
        note("packed, shuffled", largest([score.reward for score in mixed], [right[index] for index in order]))
        for column, mode, length in (("criteria prompt", "aspect_own", 4096), ("truncated to 256", "plain", 256)):
            target = reference_scores(name, side, mode, length)
            if any(value is not None for value in target):
                note(column, largest(rewards_of_ids(model, reference_ids(model, name, side, mode, length)), target))
    return model.identity.family, table


COLUMNS = (
    "batch 1",
    "batch 4, padded left",
    "batch 4, padded right",
    "packed, shuffled",
    "criteria prompt",
    "truncated to 256",
)


def main():
    """Print the table."""
    lines = ["| checkpoint | family | " + " | ".join(COLUMNS) + " |", "|---|---|" + "--:|" * len(COLUMNS)]
    with tempfile.TemporaryDirectory() as scratch:
        for name in NAMES:
            family, table = differences(name, Path(scratch))
            cells = [f"{table[column]:.0e}" if column in table else "none" for column in COLUMNS]
            lines.append(f"| {name} | {family} | {' | '.join(cells)} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
