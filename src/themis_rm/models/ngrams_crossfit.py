"""The n-gram baseline fitted on the benchmark itself, each pair judged by a fit that has not seen its request.

It says how much of a benchmark's labels the surface of its texts gives away: what a model that was tuned on this very
benchmark, but understands nothing, would get. A model below it has not shown that it understands more; a benchmark on
which it is far above one half is easy to game. Pairs are split by request, so that no answer to the same request is
seen (k-fold cross-fitting; Stone, 1974, "Cross-validatory choice and assessment of statistical predictions").
"""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.models.ngrams import NGramModel, NGramSettings, difference, fit_differences
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.prompts import Conversation
from themis_rm.records import BenchmarkPair
from themis_rm.storage.digests import stable_id

NAME = "ngrams-crossfit"
FOLDS = 5


class CrossFitted:
    """One n-gram model a fold, each fitted on the pairs of all other folds.

    Args:
        models: Shape ``[folds]``.
    """

    def __init__(self, models: Sequence[NGramModel]) -> None:
        self.models = list(models)
        digest = stable_id(*(model.identity.digest for model in models))
        self.identity = ModelIdentity(NAME, "n-grams", digest, {"folds": len(models)})

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return the reward of each response by the model of its request's fold."""
        return [self._model(conversation).score([conversation])[0] for conversation in conversations]

    def _model(self, conversation: Conversation) -> NGramModel:
        request = next((turn["content"] for turn in conversation if turn["role"] == "user"), "")
        return self.models[fold(request)]


def fold(request: str) -> int:
    """Return the fold of a request; it depends on the text alone."""
    return int(stable_id(request)[:8], 16) % FOLDS


def cross_fitted(pairs: Sequence[BenchmarkPair], settings: NGramSettings | None = None) -> CrossFitted | None:
    """Fit on a benchmark.

    Args:
        pairs: Its pairs.
        settings: See :class:`NGramSettings`; the number of pairs is not bounded here.

    Returns:
        The model, or ``None`` where a fold would have nothing to learn from (too few requests).
    """
    settings = settings or NGramSettings()
    folds: list[list[dict[int, float]]] = [[] for _ in range(FOLDS)]
    for pair in pairs:
        values = difference(pair.chosen, pair.rejected, "", settings)
        if values:
            folds[fold(pair.prompt)].append(values)
    if sum(map(bool, folds)) < 2:
        return None
    models = []
    for held_out in range(FOLDS):
        rest = [values for number, rows in enumerate(folds) if number != held_out for values in rows]
        models.append(fit_differences(rest, settings))
    return CrossFitted(models)
