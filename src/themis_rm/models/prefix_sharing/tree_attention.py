"""Packs of ``branching`` through a decoder of transformers: attention along the branches of a tree.

``enable`` makes attention of this kind the model's implementation, and ``hidden_states`` runs a pack. Everything else
of the model is its own code, which sees one row with positions that start again. A mask over the whole row is never
built:

- On a CPU, segments that follow one another are chains. A chain's queries go in blocks against the keys of the
  segments above it and its own, each block as far as its last query sees, through
  ``scaled_dot_product_attention``.
- On a GPU, FlexAttention (arXiv 2412.05496) skips the blocks of the row that the tree hides.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from transformers import AttentionInterface

from themis_rm.models.prefix_sharing.packing import Integers, Pack, packs

NAME = "themis_tree"
"""What the model's configuration says about its attention. No mask function is registered under it, so that
transformers builds no mask."""

_BLOCK = 256
"""Queries that attend together: fewer start more kernels, more look further beyond what their first one sees."""

_MULTIPLE = 512
"""On a GPU rows are filled up to a multiple of this, so that few lengths are ever compiled for."""

_LAYERS = {"full_attention", "sliding_attention"}
"""Kinds of layers that only know keys and windows; others keep a state or cut the row into chunks."""

_GROWING = {"dynamic", "longrope"}
"""Rotary frequencies that change for the whole batch once its longest input exceeds the original positions."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """Segments of which each goes on where the one above it stops.

    Attributes:
        first: First row.
        last: Row behind.
        depth: Position of the first row.
        above: Rows of the segments above, as ranges in the order of their positions.
    """

    first: int
    last: int
    depth: int
    above: tuple[tuple[int, int], ...]


class Tree:
    """What attention needs to know about a pack.

    Args:
        pack: Its rows.
        filled: Rows with those that fill it up; each of these sees itself alone.

    Attributes:
        chains: The pack's chains in the order of their rows.
        ends: Row at which what sees a token ends, shape ``[filled]``.
        positions: Shape ``[filled]``.
        windows: What each call of the attention was told, in their order.
        wanted: Rows whose hidden states are asked for, ascending, where the last layer computes no others.
        kept: Keys and values of all rows in that layer, once they are known.
    """

    def __init__(self, pack: Pack, filled: int) -> None:
        self.chains = tuple(_chains(pack))
        self.longest = int(pack.positions.max()) + 1
        self.ends = torch.from_numpy(np.concatenate([pack.ends, np.arange(len(pack.ids), filled) + 1]))
        self.positions = torch.from_numpy(np.concatenate([pack.positions, np.zeros(filled - len(pack.ids), np.int64)]))
        self.windows: list[int | None] = []
        self.wanted: list[int] = []
        self.kept: tuple[Tensor, Tensor] | None = None
        self.keeping = False
        self._bands: dict[Any, Tensor] = {}
        self._block_masks: dict[Any, BlockMask] = {}

    def band(self, queries: int, before: int, window: int | None, like: Tensor) -> Tensor:
        """Return the additive mask of a block of neighbors, shape ``[queries, before + queries]``.

        Args:
            queries: At most :data:`_BLOCK`; the last of the keys.
            before: Keys in front of the first query.
            window: Furthest that a query sees, itself included.
            like: Tensor with the dtype and device.
        """
        key = (window, like.dtype, like.device)
        if key not in self._bands:
            # All blocks are cut out of one: what a query sees depends on the distance alone.
            row = torch.arange(_BLOCK, device=like.device)[:, None]
            distance = row + self.longest - torch.arange(self.longest + _BLOCK, device=like.device)
            hidden = distance < 0 if window is None else (distance < 0) | (distance >= window)
            zero = torch.zeros((), dtype=like.dtype, device=like.device)
            self._bands[key] = torch.where(hidden, -torch.inf, zero)
        return self._bands[key][:queries, self.longest - before : self.longest + queries]

    def block_mask(self, window: int | None, device: torch.device) -> BlockMask:
        """Return the mask for FlexAttention."""
        key = (window, device)
        if key not in self._block_masks:
            ends, positions = self.ends.to(device), self.positions.to(device)

            def seen(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
                along = (key <= query) & (query < ends[key])
                return along if window is None else along & (positions[query] - positions[key] < window)

            rows = len(ends)
            self._block_masks[key] = create_block_mask(seen, None, None, rows, rows, device=device)
        return self._block_masks[key]


def _chains(pack: Pack) -> Iterator[_Chain]:
    starts, stops, parents = pack.starts.tolist(), pack.stops.tolist(), pack.parents.tolist()
    heads = [i for i in range(len(starts)) if i == 0 or parents[i] != i - 1]
    for head, following in zip(heads, [*heads[1:], len(starts)], strict=True):
        above: list[tuple[int, int]] = []
        segment = parents[head]
        while segment >= 0:
            if above and above[0][0] == stops[segment]:
                above[0] = (starts[segment], above[0][1])
            else:
                above.insert(0, (starts[segment], stops[segment]))
            segment = parents[segment]
        depth = sum(last - first for first, last in above)
        yield _Chain(starts[head], stops[following - 1], depth, tuple(above))


def attend(
    _module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _attention_mask: Tensor | None,
    *,
    tree: Tree,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attend along a tree: the function that transformers calls in each layer.

    Args:
        query: Shape ``[1, heads, T, width]``.
        key: Shape ``[1, key heads, T, width]``.
        value: The same.
        tree: What the caller gave to the model's ``forward``.
        scaling: Of the products; by default one over the root of the width.
        dropout: In training.
        sliding_window: Furthest that a query sees, itself included.
        softcap: Products go through ``softcap * tanh(product / softcap)``.

    Returns:
        Shape ``[1, T, heads, width]``, and no weights.
    """
    if tree.keeping:
        tree.kept = key, value
        return query.transpose(1, 2), None  # of the right shape: nobody reads it
    tree.windows.append(sliding_window)
    if query.is_cuda:
        seen = tree.block_mask(sliding_window, query.device)
        return _compiled_flex()(query, key, value, seen, scaling, softcap).transpose(1, 2), None
    key, value = tree.kept or (key, value)
    parts, done = [], 0
    for chain in tree.chains:
        if not chain.above and sliding_window is None and softcap is None and not tree.kept:
            # The kernel knows plain causal attention, and skips what lies above the diagonal itself.
            own = slice(chain.first, chain.last)
            parts.append(_fused(query[:, :, own], key[:, :, own], value[:, :, own], None, scaling, dropout))
            done += chain.last - chain.first
            continue
        blocks = _blocks(chain, tree)
        reach = 0 if sliding_window is None else max(0, chain.depth - sliding_window + 1)
        keys, values = (_along(rows, chain, reach) for rows in (key, value)) if blocks else (key, value)
        for first, last in blocks:
            depth = chain.depth + first - chain.first
            lowest = 0 if sliding_window is None else max(0, depth - sliding_window + 1)
            span = slice(lowest - reach, depth + last - first - reach)
            block = query[:, :, done : done + last - first], keys[:, :, span], values[:, :, span]
            mask = tree.band(last - first, depth - lowest, sliding_window, query)
            if softcap is None:
                parts.append(_fused(*block, mask, scaling, dropout))
            else:
                parts.append(_capped(*block, mask, scaling=scaling, dropout=dropout, softcap=softcap))
            done += last - first
    return torch.cat(parts, dim=1), None


def _blocks(chain: _Chain, tree: Tree) -> list[tuple[int, int]]:
    """Return the rows of a chain that attend, as ranges."""
    if not tree.kept:
        return [(first, min(first + _BLOCK, chain.last)) for first in range(chain.first, chain.last, _BLOCK)]
    inside = slice(bisect_left(tree.wanted, chain.first), bisect_left(tree.wanted, chain.last))
    return [(row, row + 1) for row in tree.wanted[inside]]


def _along(rows: Tensor, chain: _Chain, reach: int) -> Tensor:
    """Return the rows on the way to a chain's end, from a position on: ``[1, heads, length - reach, width]``."""
    pieces, depth = [], 0
    for first, last in [*chain.above, (chain.first, chain.last)]:
        skipped = max(0, reach - depth)
        if first + skipped < last:
            pieces.append(rows[:, :, first + skipped : last])
        depth += last - first
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=2)


def _fused(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scaling: float | None, dropout: float
) -> Tensor:
    """Return what queries find under an additive mask, by default the causal one: ``[1, queries, heads, width]``."""
    grouped = query.shape[1] != key.shape[1]
    found = functional.scaled_dot_product_attention(
        query, key, value, mask, dropout, is_causal=mask is None, scale=scaling, enable_gqa=grouped
    )
    return found.transpose(1, 2)


def _capped(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, *, scaling: float | None, dropout: float, softcap: float
) -> Tensor:
    """Do the same with soft-capping, which no fused kernel of a CPU knows."""
    # The heads that share keys become rows of one product, so that no key is copied.
    groups = query.reshape(1, key.shape[1], -1, query.shape[-1])
    products = groups @ key.transpose(-1, -2) * ((scaling or query.shape[-1] ** -0.5) / softcap)
    products = torch.tanh(products).view(*query.shape[:3], -1) * softcap + mask
    weights = functional.dropout(products.float().softmax(-1).to(query.dtype), dropout)
    return (weights.view(1, key.shape[1], -1, key.shape[2]) @ value).view(query.shape).transpose(1, 2)


def flex(
    query: Tensor, key: Tensor, value: Tensor, mask: BlockMask, scaling: float | None, softcap: float | None
) -> Tensor:
    """Attend under a block mask with FlexAttention, shape ``[1, heads, T, width]``."""

    def capped(score: Tensor, *_: Tensor) -> Tensor:
        assert softcap is not None  # noqa: S101
        return softcap * torch.tanh(score / softcap)

    grouped = query.shape[1] != key.shape[1]
    modified = None if softcap is None else capped
    attended = flex_attention(query, key, value, modified, mask, scaling, enable_gqa=grouped)
    return attended if isinstance(attended, Tensor) else attended[0]


@cache
def _compiled_flex() -> Any:
    return torch.compile(flex)


AttentionInterface.register(NAME, attend)


def enable(model: Any) -> None:
    """Make this the attention of a model, which from then on runs packs and nothing else.

    Args:
        model: A model of transformers that :func:`supports` says yes to.
    """
    model.set_attn_implementation(NAME)


def hidden_states(model: Any, pack: Pack, rows: Integers | None = None) -> Tensor:
    """Return last hidden states of a pack's tokens.

    Each is what the token has where its sequence runs alone. Gradients flow where they are on.

    Args:
        model: A model after :func:`enable`, or its base model.
        pack: What to run.
        rows: Rows that are asked for, in any order, shape ``[n]``: where gradients are off, a CPU leaves out what the
            last layer would compute for the others. By default all.

    Returns:
        Shape ``[n, width]``, or ``[T, width]``.
    """
    return _run(model, pack, rows)[0]


def _run(model: Any, pack: Pack, rows: Integers | None = None) -> tuple[Tensor, Tree]:
    base, count, device = model.base_model, len(pack.ids), model.device
    tree = Tree(pack, count if device.type != "cuda" else -(-count // _MULTIPLE) * _MULTIPLE)
    ids = functional.pad(torch.from_numpy(pack.ids), (0, len(tree.positions) - count))
    layer = base.layers[-1] if hasattr(base, "layers") else None
    read: Any = slice(count) if rows is None else torch.from_numpy(rows)
    cut: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if rows is not None and device.type == "cpu" and not torch.is_grad_enabled() and hasattr(layer, "input_layernorm"):
        wanted, inverse = np.unique(rows, return_inverse=True)
        tree.wanted, read = wanted.tolist(), torch.from_numpy(inverse)
        cut = _cut(layer, tree)
    with cut:
        output = base(
            input_ids=ids[None].to(device), position_ids=tree.positions[None].to(device), use_cache=False, tree=tree
        )
    return output.last_hidden_state[0, read], tree


@contextlib.contextmanager
def _cut(layer: Any, tree: Tree) -> Iterator[None]:
    """Have the last layer compute the wanted rows alone, from the keys and values of all."""
    wanted = torch.tensor(tree.wanted)

    def taken(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(taken(item) for item in value)
        per_row = isinstance(value, Tensor) and value.dim() > 1 and value.shape[1] == len(tree.positions)
        return value[:, wanted] if per_row else value

    def before(_layer: Any, args: tuple[Any, ...], given: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        tree.keeping = True
        layer.self_attn(hidden_states=layer.input_layernorm(args[0]), **given)
        tree.keeping = False
        return taken(args), {name: taken(value) for name, value in given.items()}

    handle = layer.register_forward_pre_hook(before, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def supports(model: Any, longest: int) -> bool:
    """Return whether a model can run packs; where not, padded batches do.

    What its configuration tells is checked first. Then a small tree is run and compared with its sequences alone, so
    that whatever else a family does to positions or attention is noticed.

    Args:
        model: A loaded model of transformers with its own attention.
        longest: Tokens of the longest sequence that will come.
    """
    config = model.config.get_text_config()
    layers = getattr(config, "layer_types", None) or []
    if (
        not getattr(model, "_supports_attention_backend", False)
        or getattr(model, "_is_stateful", False)
        or model.config.is_encoder_decoder
        or not set(layers) <= _LAYERS
        or longest > _plain_positions(config)
    ):
        return False
    window = getattr(config, "sliding_window", None)
    expected = [window if kind == "sliding_attention" else None for kind in layers]
    return _agrees(model, expected or [window] * config.num_hidden_layers)


def _plain_positions(config: Any) -> float:
    """Return how many positions have the same rotary frequencies whatever else the batch holds."""
    given = getattr(config, "rope_parameters", None) or {}
    # Some families give them once for each kind of layer.
    ropes = given.values() if all(isinstance(value, dict) for value in given.values()) else [given]
    growing = [rope for rope in ropes if rope.get("rope_type") in _GROWING]
    limits = [rope.get("original_max_position_embeddings") or config.max_position_embeddings for rope in growing]
    return min(limits, default=float("inf"))


@torch.no_grad()
def _agrees(model: Any, windows: list[int | None]) -> bool:
    sequences = [[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 8], [1, 2, 3, 4, 8, 9, 5, 3]]
    (pack,) = packs(sequences, budget=64, worth=1)
    before, training = model.config._attn_implementation, model.training  # noqa: SLF001
    model.eval()
    try:
        alone = [
            model.base_model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).last_hidden_state[0]
            for ids in sequences
        ]
        enable(model)
        if model.config._attn_implementation != NAME:  # noqa: SLF001
            return False
        hidden, tree = _run(model, pack)
        some, _ = _run(model, pack, pack.last)
    except TypeError:
        return False  # forward does not take what it does not know
    finally:
        model.set_attn_implementation(before)
        model.train(training)
    members = range(len(sequences))
    together = torch.cat([hidden[pack.rows(k)] for k in members] + [some]).float()
    expected = torch.cat(alone + [alone[k][-1:] for k in members]).float()
    allowed = 1e-3 if hidden.dtype == torch.float32 else 5e-2
    return tree.windows == windows and bool((together - expected).norm() <= allowed * expected.norm())
