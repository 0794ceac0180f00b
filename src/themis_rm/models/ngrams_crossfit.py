"""The n-gram baseline, cross-fitted on a benchmark: each pair is scored by a fit on pairs with other requests.

Its accuracy shows how well surface features predict the labels of the benchmark. A model with a lower accuracy has not
shown that it uses more than these; a benchmark on which it is far above 50 % can be solved without understanding code.
Pairs are split by request, so that a fit has seen no response to the same request (k-fold cross-fitting; Stone, 1974,
"Cross-validatory choice and assessment of statistical predictions").
"""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.messages import Conversation
from themis_rm.models.ngrams import NGramModel, NGramSettings, feature_difference, fit_differences
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.records import BenchmarkPair
from themis_rm.storage.digests import stable_id

NAME = "ngrams-crossfit"
FOLDS = 5


class CrossFittedNGrams:
    """One n-gram model per fold, fitted on the pairs of all other folds.

    Args:
        models: The models, in the order of the folds.
    """

    def __init__(self, models: Sequence[NGramModel]) -> None:
        self.models = list(models)
        digest = stable_id(*(model.identity.digest for model in models))
        self.identity = ModelIdentity(NAME, "n-grams", digest, {"folds": len(models)})

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return the reward of each response under the model of its request's fold."""
        return [self._model(conversation).score([conversation])[0] for conversation in conversations]

    def _model(self, conversation: Conversation) -> NGramModel:
        request = next((turn["content"] for turn in conversation if turn["role"] == "user"), "")
        return self.models[fold_of(request)]


def fold_of(request: str) -> int:
    """Return the fold of a request, which depends only on its text."""
    return int(stable_id(request)[:8], 16) % FOLDS


def cross_fit(pairs: Sequence[BenchmarkPair], settings: NGramSettings | None = None) -> CrossFittedNGrams | None:
    """Fit the models on a benchmark.

    Args:
        pairs: Pairs of the benchmark.
        settings: See :class:`NGramSettings`; ``max_pairs`` is ignored.

    Returns:
        The model, or ``None`` if there are too few requests to fit one for each fold.
    """
    settings = settings or NGramSettings()
    folds: list[list[dict[int, float]]] = [[] for _ in range(FOLDS)]
    for pair in pairs:
        values = feature_difference(pair.chosen, pair.rejected, "", settings)
        if values:
            folds[fold_of(pair.first_request())].append(values)
    if sum(map(bool, folds)) < 2:
        return None
    models = []
    for held_out in range(FOLDS):
        rest = [values for number, rows in enumerate(folds) if number != held_out for values in rows]
        models.append(fit_differences(rest, settings))
    return CrossFittedNGrams(models)
