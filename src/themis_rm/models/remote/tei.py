"""text-embeddings-inference's ``/predict``, which takes text alone and puts it through the tokenizer's own template."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from themis_rm.errors import CheckpointError, InputError
from themis_rm.models.remote.api import Options, Row, ServerInfo, check_tokens, choose_model, malformed, number
from themis_rm.models.remote.client import Client, Reply


def describe(client: Client, wanted: str) -> ServerInfo:
    """Find the model in ``/info``.

    Args:
        client: The server.
        wanted: Name of the model there; empty for the first.

    Raises:
        InputError: It serves no such model, or none that classifies.
    """
    info = client.find("/info")
    if not isinstance(info, dict) or "model_id" not in info:
        raise InputError(f"{client.url} has no /info of text-embeddings-inference.", "Check remote.url and api.")
    kind = info.get("model_type")
    if isinstance(kind, dict) and not {"classifier", "reranker"} & {str(name).lower() for name in kind}:
        raise InputError(
            f"{client.url} serves {info['model_id']} as {'/'.join(kind)}, not as a classifier.",
            "Its config.json must name a *ForSequenceClassification class with one label.",
        )
    names = [str(info[key]) for key in ("served_model_name", "model_id") if info.get(key)]
    return ServerInfo(
        choose_model(names, wanted, client.url),
        info.get("max_input_length"),
        info.get("max_client_batch_size"),
        f"text-embeddings-inference {info.get('version', '')}".strip(),
    )


class Predict:
    """``/predict``: a list of labels per conversation, with a ``score`` each.

    Args:
        folder: Where the tokenizer lies.

    Raises:
        CheckpointError: It has no ``tokenizer.json``.
    """

    path = "/predict"
    forms: tuple[Options, ...] = ({},)
    raw: tuple[Options, ...] = ({"raw_scores": True},)

    def __init__(self, folder: Path) -> None:
        self._file = folder / "tokenizer.json"
        if not self._file.is_file():
            raise CheckpointError(f"{folder} has no tokenizer.json.", "Give the tokenizer that the server has.")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        # The server reads this file as it is; the class that transformers makes of it may add other tokens.
        tokenizer = Tokenizer.from_file(str(self._file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _ends(self) -> tuple[list[int], list[int]]:
        """What the tokenizer puts in front of each text and behind it."""
        plain, whole = (self._tokenizer.encode("a", add_special_tokens=added).ids for added in (False, True))
        starts = range(len(whole) - len(plain) + 1)
        start = next((first for first in starts if whole[first : first + len(plain)] == plain), 0)
        return whole[:start], whole[start + len(plain) :]

    def row(self, ids: list[int]) -> Row | None:
        """Return the text that the server's tokenizer turns into these very ids, if there is one.

        What the tokenizer adds by itself at both ends is left out of the text. There is no such text where the
        template does not write what the tokenizer adds, and where a cut went through a character or a word.
        """
        before, behind = self._ends
        front, back = len(before), len(ids) - len(behind)
        if ids[:front] != before or ids[back:] != behind:
            return None
        text = self._tokenizer.decode(ids[front:back], skip_special_tokens=False)
        return Row(ids, text) if self._tokenizer.encode(text).ids == ids else None

    def body(self, served: ServerInfo, rows: Sequence[Row], options: Options) -> dict[str, Any]:
        """Return the request; each text stands in a list of its own, for two texts side by side would be a pair."""
        return {"inputs": [[row.text] for row in rows], "truncate": False, **options}

    def rewards(self, reply: Reply, rows: Sequence[Row]) -> list[float]:
        """Read the lists in their order."""
        items = reply.body
        if not isinstance(items, list) or not all(isinstance(item, list) for item in items):
            raise malformed(self.path, "no list of lists")
        if len(items) != len(rows):
            raise malformed(self.path, f"{len(items)} predictions for {len(rows)} conversations")
        read = reply.headers.get("x-compute-tokens", "")
        check_tokens(self.path, int(read) if read.isdigit() else None, rows)
        found = []
        for labels in items:
            if len(labels) != 1 or not isinstance(labels[0], dict):
                raise malformed(self.path, f"{len(labels)} labels, where a reward model has one")
            try:
                found.append(number(labels[0].get("score")))
            except ValueError:
                raise malformed(self.path, "a score is no number") from None
        return found
