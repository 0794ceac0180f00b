"""Batches of pairs: their order over a run, forward passes under a token budget, and the tensors of a pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from themis_rm.models.prefix_sharing.packing import MIN_SAVING, Pack, common_prefix, lexicographic_order, packs
from themis_rm.training.sampling import draw_by_group
from themis_rm.training.token_cache import TokenizedPairs

TokenizedPair = dict[str, Any]
"""Item of :class:`~themis_rm.training.token_cache.TokenizedPairs`."""


def training_order(
    lengths: np.ndarray,
    *,
    steps: int,
    global_batch_size: int,
    length_group_size: int,
    seed: int,
    groups: np.ndarray | None = None,
    temperature: float = 1.0,
) -> np.ndarray:
    """Return the indices of the pairs of all optimizer steps in order.

    Each pass over the data is a new permutation, unless the pairs are sampled by group; consecutive slices of
    ``global_batch_size`` pairs are the batches. A batch may extend over the end of a pass, so that no row is skipped.
    The pairs of ``length_group_size`` batches are sorted by length together, split into batches again, and these
    batches are shuffled. The order depends on the arguments only: not on the forward passes, the number of processes or
    resumption.

    Args:
        lengths: Tokens of each pair, shape ``[pairs]``.
        steps: Number of optimizer steps.
        global_batch_size: Pairs per step.
        length_group_size: Batches that are sorted together; with 1 their composition is random.
        seed: Seed of the order.
        groups: Group of each pair by which they are sampled, shape ``[pairs]``, see
            :func:`~themis_rm.training.sampling.draw_by_group`; ``None`` for none.
        temperature: Temperature of the sampling.

    Returns:
        Indices, shape ``[steps * global_batch_size]``.
    """
    rng = np.random.default_rng(seed)
    count = steps * global_batch_size
    if groups is None:
        passes = -(-count // len(lengths))
        stream = np.concatenate([rng.permutation(len(lengths)) for _ in range(passes)])[:count]
    else:
        stream = draw_by_group(groups, count, temperature, seed)
    order = []
    for start in range(0, len(stream), length_group_size * global_batch_size):
        group = stream[start : start + length_group_size * global_batch_size]
        group = group[np.argsort(-lengths[group], kind="stable")].reshape(-1, global_batch_size)
        order.append(group[rng.permutation(len(group))].reshape(-1))
    return np.concatenate(order)


@dataclass
class PairBatch:
    """Tensors of one forward pass over ``P`` pairs.

    Tokens are in ``R`` rows of ``W``; indices of tokens refer to the flattened rows.

    Attributes:
        input_ids: Shape ``[R, W]``. A pack is one row.
        attention_mask: 1 for real tokens, shape ``[R, W]``; ``None`` for a pack.
        pack: Tree of the shared prefixes; ``None`` for padded rows.
        last: Index of the last token of each response, all chosen and then all rejected, shape ``[2 * P]``.
        completion: Index of each completion token, first those of chosen responses, shape ``[T]``.
        predictors: Index of the token before each completion token, shape ``[T]``.
        targets: Id of each completion token, shape ``[T]``.
        owners: Response of each completion token, from 0 to ``2 * P - 1`` in the order of ``last``, shape ``[T]``.
        margin: Margins of the pairs, float32, shape ``[P]``.
        weight: Weights of the pairs, float32, shape ``[P]``.
        tie: Whether both responses of a pair are equally good, shape ``[P]``.
        chosen_tokens: Number of completion tokens of chosen responses, the first ones of ``completion``.
        indices: Indices of the pairs among those that the step was formed from, length ``P``.
        counted: Whether the pairs count in the objective. A process without pairs repeats others in a pass in which
            all processes take part.
    """

    input_ids: Tensor
    attention_mask: Tensor | None
    pack: Pack | None
    last: Tensor
    completion: Tensor
    predictors: Tensor
    targets: Tensor
    owners: Tensor
    margin: Tensor
    weight: Tensor
    tie: Tensor
    chosen_tokens: int
    indices: list[int] = field(default_factory=list)
    counted: bool = True

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return len(self.margin)

    def to(self, device: torch.device | str) -> Self:
        """Return the batch with its tensors on a device."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        moved: dict[str, Any] = {name: v.to(device) for name, v in values.items() if isinstance(v, Tensor)}
        return replace(self, **moved)


def pack_pairs(pairs: Sequence[TokenizedPair], *, both_sides: bool = False) -> PairBatch:
    """Return a batch whose responses are one row of tokens, each shared prefix once.

    Args:
        pairs: The pairs, at least one.
        both_sides: Whether completion tokens of rejected responses are among the targets.
    """
    sequences = [pair["chosen"] for pair in pairs] + [pair["rejected"] for pair in pairs]
    (pack,) = packs(sequences, budget=sum(map(len, sequences)))
    rows = [pack.rows(member) for member in range(len(sequences))]  # members are all sequences, in order
    return PairBatch(
        input_ids=torch.from_numpy(pack.ids)[None],
        attention_mask=None,
        pack=pack,
        last=torch.from_numpy(pack.last),
        **_targets(pairs, sequences, rows, both_sides),
    )


def pad_pairs(pairs: Sequence[TokenizedPair], pad_token_id: int, *, both_sides: bool = False) -> PairBatch:
    """Return a batch with one row per response, padded on the right.

    Args:
        pairs: The pairs, at least one.
        pad_token_id: Token to pad with.
        both_sides: See :func:`pack_pairs`.
    """
    sequences = [pair["chosen"] for pair in pairs] + [pair["rejected"] for pair in pairs]
    width = max(map(len, sequences))
    input_ids = np.full((len(sequences), width), pad_token_id, dtype=np.int64)
    mask = np.zeros((len(sequences), width), dtype=np.int64)
    for row, ids in enumerate(sequences):
        input_ids[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    rows = [row * width + np.arange(len(ids)) for row, ids in enumerate(sequences)]
    return PairBatch(
        input_ids=torch.from_numpy(input_ids),
        attention_mask=torch.from_numpy(mask),
        pack=None,
        last=torch.tensor([row[-1] for row in rows]),
        **_targets(pairs, sequences, rows, both_sides),
    )


def _targets(
    pairs: Sequence[TokenizedPair], sequences: Sequence[np.ndarray], rows: Sequence[np.ndarray], both_sides: bool
) -> dict[str, Any]:
    starts = [completion_start(pair, "chosen") for pair in pairs]
    starts += [completion_start(pair, "rejected") for pair in pairs]
    sides = range(len(sequences) if both_sides else len(pairs))
    completion = np.concatenate([rows[i][starts[i] :] for i in sides])
    predictors = np.concatenate([rows[i][starts[i] - 1 : -1] for i in sides])
    targets = np.concatenate([sequences[i][starts[i] :] for i in sides])
    lengths = [len(sequences[i]) - starts[i] for i in sides]
    owners = np.repeat(np.array(sides), lengths)
    return {
        "completion": torch.from_numpy(completion.astype(np.int64)),
        "predictors": torch.from_numpy(predictors.astype(np.int64)),
        "targets": torch.from_numpy(targets.astype(np.int64)),
        "owners": torch.from_numpy(owners.astype(np.int64)),
        "margin": torch.tensor([pair.get("margin", 0.0) for pair in pairs], dtype=torch.float32),
        "weight": torch.tensor([pair.get("weight", 1.0) for pair in pairs], dtype=torch.float32),
        "tie": torch.tensor([pair.get("tie", False) for pair in pairs], dtype=torch.bool),
        "chosen_tokens": sum(lengths[: len(pairs)]),
    }


def completion_start(pair: TokenizedPair, side: str) -> int:
    """Return the index of the first completion token of a response that is predicted; no token predicts the first."""
    own = pair.get(f"{side}_prompt_length")
    return max(1, int(pair["prompt_length"] if own is None else own))


def split_packed(pairs: Sequence[TokenizedPair], budget: int, processes: int = 1) -> list[list[int]]:
    """Group pairs into packs.

    Pairs with the longest common prefix are neighbors, because they may have the same criteria prompt.

    Args:
        pairs: The pairs.
        budget: Most tokens of a pack; a longer pair is a pack of its own.
        processes: Number of processes; see :func:`_fill_round`.

    Returns:
        Indices of the pairs of each pack, the largest pack first.
    """
    groups: list[list[int]] = []
    sizes: list[int] = []
    previous = np.zeros(0, np.int32)
    for index in lexicographic_order([pair["chosen"] for pair in pairs]):
        chosen, rejected = pairs[index]["chosen"], pairs[index]["rejected"]
        alone = len(chosen) + len(rejected) - shared_prefix(chosen, rejected)
        added = alone - shared_prefix(chosen, previous)
        if groups and sizes[-1] + added <= budget:
            groups[-1].append(index)
            sizes[-1] += added
        else:
            groups.append([index])
            sizes.append(alone)
        previous = chosen
    return _fill_round(groups, sizes, processes)


def shared_prefix(one: np.ndarray, two: np.ndarray) -> int:
    """Return the number of tokens at the start of two sequences that a pack has only once."""
    shared = common_prefix(one, two)
    return shared if shared >= MIN_SAVING else 0


def split_padded(pairs: Sequence[TokenizedPair], budget: int, processes: int = 1) -> list[list[int]]:
    """Group pairs of similar length.

    Args:
        pairs: The pairs.
        budget: Most tokens of a group, padding included; a longer pair is a group of its own.
        processes: Number of processes; see :func:`_fill_round`.

    Returns:
        Indices of the pairs of each group, the largest group first.
    """
    lengths = [max(len(pair["chosen"]), len(pair["rejected"])) for pair in pairs]
    groups: list[list[int]] = []
    for index in sorted(range(len(pairs)), key=lambda i: (-lengths[i], i)):
        if groups and 2 * lengths[groups[-1][0]] * (len(groups[-1]) + 1) <= budget:
            groups[-1].append(index)
        else:
            groups.append([index])
    return _fill_round(groups, [2 * lengths[group[0]] * len(group) for group in groups], processes)


def _fill_round(groups: list[list[int]], sizes: list[int], processes: int) -> list[list[int]]:
    """Split the largest groups until their number is a multiple of the number of processes, as far as possible.

    Otherwise processes would wait in the last round of forward passes.
    """
    entries = sorted(zip(sizes, groups, strict=True), key=lambda entry: (-entry[0], entry[1][0]))
    missing = -len(entries) % processes
    for _ in range(missing):
        found = next((i for i, (_, group) in enumerate(entries) if len(group) > 1), None)
        if found is None:
            break
        size, group = entries.pop(found)
        half = len(group) // 2
        entries += [(size * half // len(group), group[:half]), (size * (len(group) - half) // len(group), group[half:])]
        entries.sort(key=lambda entry: (-entry[0], entry[1][0]))
    return [group for _, group in entries]


class StepBatch(NamedTuple):
    """What one process computes in an optimizer step.

    Attributes:
        passes: Forward passes of the process; all processes have the same number.
        weight: Sum of the weights of the global batch.
        tokens: Completion tokens of the chosen responses of the global batch.
    """

    passes: list[PairBatch]
    weight: float
    tokens: int


@dataclass(frozen=True)
class BatchBuilder:
    """Forms the forward passes of one process.

    Attributes:
        budget: Most tokens of a forward pass.
        pad_token_id: Token to pad with.
        share_prefixes: Whether pairs are packed; otherwise they are padded.
        both_sides: See :func:`pack_pairs`.
        process: Index of this process.
        processes: Number of processes.
    """

    budget: int
    pad_token_id: int
    share_prefixes: bool = True
    both_sides: bool = False
    process: int = 0
    processes: int = 1

    def build(self, pairs: Sequence[TokenizedPair]) -> StepBatch:
        """Return the forward passes of this process over pairs that all processes have."""
        split = split_packed if self.share_prefixes else split_padded
        groups = split(pairs, self.budget, self.processes)
        passes = []
        for first in range(0, len(groups), self.processes):
            # Every process takes part in every pass, because shards are gathered in it.
            number = first + self.process
            indices = groups[min(number, len(groups) - 1)]
            batch = self._batch([pairs[index] for index in indices])
            batch.indices = indices
            batch.counted = number < len(groups)
            passes.append(batch)
        weight = math.fsum(pair.get("weight", 1.0) for pair in pairs)
        return StepBatch(passes, weight, sum(len(pair["chosen"]) - completion_start(pair, "chosen") for pair in pairs))

    def _batch(self, pairs: Sequence[TokenizedPair]) -> PairBatch:
        if self.share_prefixes:
            return pack_pairs(pairs, both_sides=self.both_sides)
        return pad_pairs(pairs, self.pad_token_id, both_sides=self.both_sides)


class StepBatches(Dataset[StepBatch]):
    """The batches of all optimizer steps of one process.

    Args:
        pairs: Tokenized pairs.
        order: Indices from :func:`training_order`.
        global_batch_size: Pairs per step.
        builder: Forms the forward passes.
    """

    def __init__(self, pairs: TokenizedPairs, order: np.ndarray, global_batch_size: int, builder: BatchBuilder) -> None:
        self.pairs = pairs
        self.order = order.reshape(-1, global_batch_size)
        self.builder = builder

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, step: int) -> StepBatch:
        return self.builder.build([self.pairs[int(index)] for index in self.order[step]])
