"""Tiny checkpoints of every family in their published formats, with the scores that the reference code gives.

Run as a script it prints the table of ``docs/how-to/models.md``: largest differences, family by family.
"""

import json
import random
import sys
import tempfile
from functools import cache
from pathlib import Path

from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import conversation

FOLDER = Path(__file__).parents[1] / "goldens" / "rm"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
SIDES = ("chosen", "rejected")

NEEDS = {
    "automodel": {"ignore_remote_code": True},
    "ldl": {"pickled_weights": True},
    "nemotron": {"family": "next-token-logit"},
}
"""What has to be said of a folder that does not say it itself."""

FOLDED = {"automodel", "eurus", "ldl", "qrm", "seqcls-gemma2", "ultra"}
"""Templates that refuse a system message: the reference then writes plain text without turns, we fold it."""

SYSTEM_KEYS = {"plain": None, "aspect_own": "system_own", "full_own": "system_own_full"}


USER_ASSISTANT = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no place') }}{% endif %}"
    "{{ ('User: ' if m.role == 'user' else 'Assistant: ') + m.content }}{{ '' if loop.last else '\\n' }}{% endfor %}"
)
"""UltraRM as the reference writes it; our default is the form of the model card, with one BOS."""


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
    needs = dict(NEEDS.get(name, {}))
    if name == "ultra":
        needs["chat_template"] = scratch / "user_assistant.jinja"
        needs["chat_template"].write_text(USER_ASSISTANT, encoding="utf-8")
    return load_model(folder or FOLDER / name, ModelSettings(**needs | settings))


def right_scores(name, side):
    """Return what a correct implementation gives without a criteria prompt."""
    found = expected(name)
    if name == "internlm":  # the reference fails at a batch of one; these are its scores one by one
        return found["get_score_one_by_one"]["plain"][side]
    modes = found.get("extras", {}).get("attn_implementation_eager", found["modes"])
    single = modes.get("plain.ml4096.bs1.add_special_tokens_false", modes["plain.ml4096.bs1"])
    return single[side]


def reference_scores(name, side, mode, length):
    """Return the reference's scores as it computed them, ``None`` where it gives none; Gemma-2's are under SDPA."""
    found = expected(name)
    if name == "internlm":  # it cuts nothing
        return found["get_score_one_by_one"].get(mode, {side: [None] * 4})[side] if length == 4096 else [None] * 4
    modes = found.get("extras", {}).get("attn_implementation_eager", {}) | {
        key: value
        for key, value in found["modes"].items()
        if "attn_implementation_eager" not in found.get("extras", {})
    }
    return modes.get(f"{mode}.ml{length}.bs1", {side: [None] * 4})[side]


def reference_ids(model, name, side, mode, length):
    """Return the ids that the reference scored: double BOS, plain text without turns, cut end and all."""
    found, encoder = expected(name), model.encoder
    if mode != "plain" and name in FOLDED:
        texts = [_without_turns(*(message["content"] for message in talk)) for talk in conversations(name, side, mode)]
        ids = encoder.tokenizer(texts)["input_ids"]
    else:
        ids = [item.ids for item in encoder.encode(conversations(name, side, mode))]
        # Its BOS comes twice where the template writes one, and once where there is no template.
        twice = found.get("double_bos") or name == "ultra"
        ids = [[encoder.tokenizer.bos_token_id, *row] for row in ids] if twice else ids
    # QRM on Gemma-2 takes the second BOS away again, behind the cut, in batches of one.
    return [row[:length][1 if name == "qrm" else 0 :] for row in ids]


def _without_turns(system, request, answer):
    return f"System:\n{system}\n\nUser:\n{request}\n\nAssistant:\n{answer}"


def rewards_of_ids(model, ids):
    """Return rewards of raw ids; a gate reads where the last prompt ends in them."""
    marks = model.encoder.boundary_ids
    bounds = [_last(row, marks) for row in ids] if marks else None
    return model.rewards(ids, bounds)


def _last(row, marks):
    found = [first for first in range(len(row)) if row[first : first + len(marks)] == marks]
    return found[-1] if found else -1


def largest(found, target):
    """Return the largest difference, ``None`` where the target has no score at all."""
    pairs = [(a, b) for a, b in zip(found, target, strict=True) if b is not None]
    return max((abs(a - b) for a, b in pairs), default=None)


def differences(name, scratch):
    """Return column -> largest difference from the reference over both sides of every pair."""
    model, alone = model_of(name, scratch), model_of(name, scratch, batch_tokens=1)
    padded = model_of(name, scratch, share_prefixes=False, batch_tokens=100_000)
    table = {}

    def note(column, value):
        if value is not None:
            table[column] = max(table.get(column, 0.0), value)

    for side in SIDES:
        right, talks = right_scores(name, side), conversations(name, side)
        encoded = model.encoder.encode(talks)
        ids, bounds = [item.ids for item in encoded], [item.boundary for item in encoded]
        note("batch 1", largest([score.reward for score in alone.score(talks)], right))
        for padding in ("left", "right"):
            padded.layout.side = padding
            note(f"batch 4, padded {padding}", largest(padded.rewards(ids, bounds), right))
        order = random.Random(5).sample(range(len(talks)), len(talks))
        mixed = model.score([talks[index] for index in order])
        note("packed, shuffled", largest([score.reward for score in mixed], [right[index] for index in order]))
        for column, mode, length in (("criteria prompt", "aspect_own", 4096), ("cut at 256", "plain", 256)):
            theirs = reference_scores(name, side, mode, length)
            if any(value is not None for value in theirs):
                note(column, largest(rewards_of_ids(model, reference_ids(model, name, side, mode, length)), theirs))
    return model.identity.family, table


COLUMNS = (
    "batch 1",
    "batch 4, padded left",
    "batch 4, padded right",
    "packed, shuffled",
    "criteria prompt",
    "cut at 256",
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
