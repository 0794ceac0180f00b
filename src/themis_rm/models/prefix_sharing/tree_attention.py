"""Tree attention: run packs of token sequences with shared prefixes through a transformers decoder.

``enable`` replaces a model's attention implementation, and ``hidden_states`` runs a pack. The rest of the model is
unchanged; it processes one row of tokens whose positions restart at every branch. The attention mask of the whole row
is never materialized:

- On a CPU, consecutive segments form chains. The queries of a chain attend in blocks to the keys of its ancestors and
  itself, up to the last query of the block, through ``scaled_dot_product_attention``.
- On a GPU, FlexAttention (arXiv 2412.05496) skips the blocks of the row that the tree masks.
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
"""Name of the attention implementation. No mask function is registered for it, so that transformers builds no mask."""

_BLOCK = 256
"""Queries per block: smaller blocks start more kernels, larger ones compute more masked products."""

_MULTIPLE = 512
"""On a GPU rows are padded to a multiple of this, so that kernels are compiled for few lengths only."""

_LAYERS = {"full_attention", "sliding_attention"}
"""Types of layers with attention over keys and windows; others have a state or split the row into chunks."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """Consecutive segments, each the parent of the next.

    Attributes:
        first: First row.
        last: Row after the last.
        depth: Position of the first row.
        ancestors: Rows of the ancestors, as ranges ordered by position.
    """

    first: int
    last: int
    depth: int
    ancestors: tuple[tuple[int, int], ...]


class AttentionTree:
    """State of attention over one pack.

    Args:
        pack: The pack.
        length: Number of rows with padding; a padding row attends only to itself.

    Attributes:
        chains: The chains of the pack, in the order of their rows.
        ends: For each token, the row at which its subtree ends, shape ``[length]``.
        positions: Positions of the tokens, shape ``[length]``.
        windows: Sliding window of each call of the attention function, in order.
        needed_rows: Rows whose hidden states the last layer computes, ascending; empty for all rows.
        all_keys: Keys and values of all rows in that layer, once they are computed.
    """

    def __init__(self, pack: Pack, length: int) -> None:
        self.chains = tuple(_chains(pack))
        self.longest = int(pack.positions.max()) + 1
        self.ends = torch.from_numpy(np.concatenate([pack.ends, np.arange(len(pack.ids), length) + 1]))
        self.positions = torch.from_numpy(np.concatenate([pack.positions, np.zeros(length - len(pack.ids), np.int64)]))
        self.windows: list[int | None] = []
        self.needed_rows: list[int] = []
        self.all_keys: tuple[Tensor, Tensor] | None = None
        self.storing_keys = False
        self._bands: dict[Any, Tensor] = {}
        self._block_masks: dict[Any, BlockMask] = {}

    def band_mask(self, queries: int, before: int, window: int | None, like: Tensor) -> Tensor:
        """Return the additive mask of a block of consecutive queries, shape ``[queries, before + queries]``.

        Args:
            queries: Number of queries, at most :data:`_BLOCK`; they are the last of the keys.
            before: Number of keys before the first query.
            window: Sliding window: most keys that a query attends to, itself included.
            like: Tensor with the dtype and device of the mask.
        """
        key = (window, like.dtype, like.device)
        if key not in self._bands:
            # All blocks are slices of one mask, because it depends only on the distance of query and key.
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

            def is_visible(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
                in_subtree = (key <= query) & (query < ends[key])
                return in_subtree if window is None else in_subtree & (positions[query] - positions[key] < window)

            rows = len(ends)
            self._block_masks[key] = create_block_mask(is_visible, None, None, rows, rows, device=device)
        return self._block_masks[key]


def _chains(pack: Pack) -> Iterator[_Chain]:
    starts, stops, parents = pack.starts.tolist(), pack.stops.tolist(), pack.parents.tolist()
    heads = [i for i in range(len(starts)) if i == 0 or parents[i] != i - 1]
    for head, next_head in zip(heads, [*heads[1:], len(starts)], strict=True):
        ancestors: list[tuple[int, int]] = []
        segment = parents[head]
        while segment >= 0:
            if ancestors and ancestors[0][0] == stops[segment]:
                ancestors[0] = (starts[segment], ancestors[0][1])
            else:
                ancestors.insert(0, (starts[segment], stops[segment]))
            segment = parents[segment]
        depth = sum(last - first for first, last in ancestors)
        yield _Chain(starts[head], stops[next_head - 1], depth, tuple(ancestors))


def attend(
    _module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _attention_mask: Tensor | None,
    *,
    tree: AttentionTree,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Compute tree attention; transformers calls this function in each layer.

    Args:
        query: Shape ``[1, heads, T, width]``.
        key: Shape ``[1, key heads, T, width]``.
        value: Shape ``[1, key heads, T, width]``.
        tree: The argument ``tree`` of the model's ``forward``.
        scaling: Scale of the products; by default ``1 / sqrt(width)``.
        dropout: Dropout probability.
        sliding_window: Most keys that a query attends to, itself included.
        softcap: Products become ``softcap * tanh(product / softcap)``.

    Returns:
        Attention output, shape ``[1, T, heads, width]``, and no weights.
    """
    if tree.storing_keys:
        tree.all_keys = key, value
        return query.transpose(1, 2), None  # the output is not used, only its shape
    tree.windows.append(sliding_window)
    if query.is_cuda:
        block_mask = tree.block_mask(sliding_window, query.device)
        return _compiled_flex()(query, key, value, block_mask, scaling, softcap).transpose(1, 2), None
    key, value = tree.all_keys or (key, value)
    outputs, done = [], 0
    for chain in tree.chains:
        if not chain.ancestors and sliding_window is None and softcap is None and not tree.all_keys:
            # Plain causal attention: the kernel skips the products above the diagonal.
            own = slice(chain.first, chain.last)
            outputs.append(_fused(query[:, :, own], key[:, :, own], value[:, :, own], None, scaling, dropout))
            done += chain.last - chain.first
            continue
        blocks = _blocks(chain, tree)
        reach = 0 if sliding_window is None else max(0, chain.depth - sliding_window + 1)
        keys, values = (_gather_path(rows, chain, reach) for rows in (key, value)) if blocks else (key, value)
        for first, last in blocks:
            depth = chain.depth + first - chain.first
            lowest = 0 if sliding_window is None else max(0, depth - sliding_window + 1)
            span = slice(lowest - reach, depth + last - first - reach)
            block = query[:, :, done : done + last - first], keys[:, :, span], values[:, :, span]
            band = tree.band_mask(last - first, depth - lowest, sliding_window, query)
            if softcap is None:
                outputs.append(_fused(*block, band, scaling, dropout))
            else:
                outputs.append(_capped(*block, band, scaling=scaling, dropout=dropout, softcap=softcap))
            done += last - first
    return torch.cat(outputs, dim=1), None


def _blocks(chain: _Chain, tree: AttentionTree) -> list[tuple[int, int]]:
    """Return the rows of a chain that are queries, as ranges."""
    if not tree.all_keys:
        return [(first, min(first + _BLOCK, chain.last)) for first in range(chain.first, chain.last, _BLOCK)]
    inside = slice(bisect_left(tree.needed_rows, chain.first), bisect_left(tree.needed_rows, chain.last))
    return [(row, row + 1) for row in tree.needed_rows[inside]]


def _gather_path(rows: Tensor, chain: _Chain, reach: int) -> Tensor:
    """Return the rows of a chain and its ancestors from position ``reach``, ``[1, heads, length - reach, width]``."""
    pieces, depth = [], 0
    for first, last in [*chain.ancestors, (chain.first, chain.last)]:
        skipped = max(0, reach - depth)
        if first + skipped < last:
            pieces.append(rows[:, :, first + skipped : last])
        depth += last - first
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=2)


def _fused(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scaling: float | None, dropout: float
) -> Tensor:
    """Return attention under an additive mask, by default a causal one, shape ``[1, queries, heads, width]``."""
    grouped = query.shape[1] != key.shape[1]
    output = functional.scaled_dot_product_attention(
        query, key, value, mask, dropout, is_causal=mask is None, scale=scaling, enable_gqa=grouped
    )
    return output.transpose(1, 2)


def _capped(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, *, scaling: float | None, dropout: float, softcap: float
) -> Tensor:
    """Return attention with soft-capping, which no fused CPU kernel supports, in the same shape."""
    # Heads that share keys become rows of one product, so that keys are not copied.
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
    """Replace the attention implementation of a model, which can then run only packs.

    Args:
        model: A transformers model for which :func:`supports` is true.
    """
    model.set_attn_implementation(NAME)


def hidden_states(model: Any, pack: Pack, rows: Integers | None = None) -> Tensor:
    """Return the last hidden states of a pack's tokens.

    Each equals the hidden state that the token has in its sequence alone. Gradients are computed if they are enabled.

    Args:
        model: A model after :func:`enable`, or its base model.
        pack: The pack.
        rows: Rows to return, in any order, shape ``[n]``; by default all. On a CPU without gradients, the last layer
            computes only these.

    Returns:
        Hidden states, shape ``[n, width]``, or ``[T, width]`` for all rows.
    """
    return _run(model, pack, rows)[0]


def _run(model: Any, pack: Pack, rows: Integers | None = None) -> tuple[Tensor, AttentionTree]:
    base, count, device = model.base_model, len(pack.ids), model.device
    tree = AttentionTree(pack, count if device.type != "cuda" else -(-count // _MULTIPLE) * _MULTIPLE)
    ids = functional.pad(torch.from_numpy(pack.ids), (0, len(tree.positions) - count))
    layer = base.layers[-1] if hasattr(base, "layers") else None
    read: Any = slice(count) if rows is None else torch.from_numpy(rows)
    restriction: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    can_restrict = hasattr(layer, "input_layernorm") and hasattr(layer, "self_attn")
    if rows is not None and device.type == "cpu" and not torch.is_grad_enabled() and can_restrict:
        needed, inverse = np.unique(rows, return_inverse=True)
        tree.needed_rows, read = needed.tolist(), torch.from_numpy(inverse)
        restriction = _compute_only_needed_rows(layer, tree)
    with restriction:
        output = base(
            input_ids=ids[None].to(device), position_ids=tree.positions[None].to(device), use_cache=False, tree=tree
        )
    return output.last_hidden_state[0, read], tree


@contextlib.contextmanager
def _compute_only_needed_rows(layer: Any, tree: AttentionTree) -> Iterator[None]:
    """Restrict a layer to the needed rows, which still attend to the keys and values of all rows."""
    needed = torch.tensor(tree.needed_rows)

    def select(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(select(item) for item in value)
        per_row = isinstance(value, Tensor) and value.dim() > 1 and value.shape[1] == len(tree.positions)
        return value[:, needed] if per_row else value

    def select_inputs(
        _layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        tree.storing_keys = True
        layer.self_attn(hidden_states=layer.input_layernorm(args[0]), **kwargs)
        tree.storing_keys = False
        return select(args), {name: select(value) for name, value in kwargs.items()}

    handle = layer.register_forward_pre_hook(select_inputs, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def supports(model: Any) -> bool:
    """Return whether a model can run packs; if not, use padded batches.

    Its configuration is checked first. Then a small pack is compared with its sequences run separately, which detects
    any other treatment of positions or attention.

    Args:
        model: A loaded transformers model with its original attention implementation.
    """
    config = model.config.get_text_config()
    layers = getattr(config, "layer_types", None) or []
    if (
        not getattr(model, "_supports_attention_backend", False)
        or getattr(model, "_is_stateful", False)
        or model.config.is_encoder_decoder
        or not set(layers) <= _LAYERS
    ):
        return False
    window = getattr(config, "sliding_window", None)
    expected = [window if kind == "sliding_attention" else None for kind in layers]
    return _matches_separate_runs(model, expected or [window] * config.num_hidden_layers)


@torch.no_grad()
def _matches_separate_runs(model: Any, windows: list[int | None]) -> bool:
    sequences = [[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 8], [1, 2, 3, 4, 8, 9, 5, 3]]
    (pack,) = packs(sequences, budget=64, min_saving=1)
    before, training = model.config._attn_implementation, model.training  # noqa: SLF001
    model.eval()
    try:
        separate = [
            model.base_model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).last_hidden_state[0]
            for ids in sequences
        ]
        enable(model)
        if model.config._attn_implementation != NAME:  # noqa: SLF001
            return False
        hidden, tree = _run(model, pack)
        last, _ = _run(model, pack, pack.last)
    except Exception:  # a decoder may accept no ``tree``, name its layers otherwise, or need a mask
        return False
    finally:
        model.set_attn_implementation(before)
        model.train(training)
    members = range(len(sequences))
    packed = torch.cat([hidden[pack.rows(k)] for k in members] + [last]).float()
    expected = torch.cat(separate + [separate[k][-1:] for k in members]).float()
    allowed = 1e-3 if hidden.dtype == torch.float32 else 5e-2
    return tree.windows == windows and bool((packed - expected).norm() <= allowed * expected.norm())
