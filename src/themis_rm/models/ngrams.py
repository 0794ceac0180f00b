"""N-gram baseline: a Bradley-Terry model on hashed token n-grams, which predicts preferences from surface words only.

The reward is ``w . f(response)``, where ``f`` are the logarithms of n-gram counts in hashed buckets (Weinberger et al.,
2009, "Feature hashing for large scale multitask learning"); ``w`` minimizes the mean of ``-log sigmoid(r_c - r_r)``
plus an L2 term, by L-BFGS. With ``crossed`` every feature has two copies, one shared and one for its criteria prompt
(Daume III, 2007, "Frustratingly easy domain adaptation").
"""

from __future__ import annotations

import heapq
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

from themis_rm.errors import CheckpointError, InputError, SettingError
from themis_rm.messages import Conversation
from themis_rm.models.checkpoint import model_digest
from themis_rm.models.json_files import read_json
from themis_rm.models.protocol import NO_RESPONSE, ModelIdentity, Score, response_of, system_of
from themis_rm.models.settings import ModelSettings
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id

CONFIG, WEIGHTS, TENSOR = "ngrams.json", "ngrams.safetensors", "weight"
_TOKEN = re.compile(r"\w+|[^\w\s]")


class NGramSettings(Settings):
    """Settings of the n-gram baseline."""

    order: int = Field(default=3, ge=1, le=5)
    """Longest n-gram, in tokens."""
    bits: int = Field(default=18, ge=8, le=24)
    """Number of hash buckets, as a power of two."""
    l2: float = Field(default=1e-4, gt=0)
    """Weight of half the squared norm, relative to the mean loss of a pair."""
    crossed: bool = False
    """Whether features are also crossed with the system message."""
    max_pairs: int = Field(default=50_000, ge=1)
    """Most pairs used. They are chosen by their texts, not by their order."""
    iterations: int = Field(default=200, ge=1)
    """Most iterations of L-BFGS."""


@dataclass
class FitReport:
    """Data and convergence of a fit.

    Attributes:
        pairs: Pairs used.
        skipped: Reason -> number of pairs not used.
        accuracy: Share of the used pairs that the fitted model ranks correctly (ties count half).
        iterations: Iterations of L-BFGS.
        converged: Whether it converged within the allowed iterations.
    """

    pairs: int
    skipped: dict[str, int] = field(default_factory=dict)
    accuracy: float = 0.0
    iterations: int = 0
    converged: bool = True


class NGramModel:
    """A fitted n-gram baseline.

    Args:
        settings: The features.
        weight: Shape ``[2 ** bits]``, float32.
        report: Data and convergence of the fit.
        identity: The model's entry in results.
    """

    def __init__(
        self,
        settings: NGramSettings,
        weight: NDArray[np.float32],
        report: FitReport,
        identity: ModelIdentity | None = None,
    ) -> None:
        self.settings = settings
        self.weight = weight
        self.report = report
        content = stable_id(settings.canonical(), weight.tobytes().hex())
        self.identity = identity or ModelIdentity("ngrams", "n-grams", content, {"pairs": report.pairs})

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return the weighted sum of the n-grams of each response; the request is not used."""
        return [self._score_one(conversation) for conversation in conversations]

    def _score_one(self, conversation: Conversation) -> Score:
        response = response_of(conversation)
        if response is None:
            return Score.failed(NO_RESPONSE)
        values = features(response, system_of(conversation), self.settings)
        # Summed in the order of buckets, so that equal n-grams have exactly equal rewards.
        return Score(float(sum(float(self.weight[bucket]) * value for bucket, value in sorted(values.items()))))

    def save(self, folder: Path) -> None:
        """Write ``ngrams.safetensors``, then ``ngrams.json``, whose presence marks a complete model."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({TENSOR: self.weight}, folder / WEIGHTS)
        values = {"settings": self.settings.model_dump(), "fit": self.report.__dict__}
        write_text(folder / CONFIG, json.dumps(values, indent=2) + "\n")


def load(folder: Path, settings: ModelSettings) -> NGramModel:  # noqa: ARG001
    """Load a baseline from a directory that :meth:`NGramModel.save` wrote.

    Raises:
        CheckpointError: A file is missing or unreadable, or the files do not match.
    """
    values = read_json(folder / CONFIG)
    try:
        fitted = NGramSettings.build(values["settings"], str(folder / CONFIG))
        report = FitReport(**values["fit"])
        weight = load_file(folder / WEIGHTS)[TENSOR]
    except SettingError as error:
        raise CheckpointError(error.message, error.hint) from error
    except (KeyError, TypeError, OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder} is not a complete n-gram model ({error}).", "Fit it again.") from error
    if weight.shape != (1 << fitted.bits,):
        raise CheckpointError(
            f"{folder / WEIGHTS} has shape {list(weight.shape)}, not [{1 << fitted.bits}].", "Fit the baseline again."
        )
    identity = ModelIdentity(
        folder.resolve().name, "n-grams", model_digest(folder, [folder / WEIGHTS]), {"pairs": report.pairs}
    )
    return NGramModel(fitted, weight, report, identity)


def features(text: str, condition: str, settings: NGramSettings) -> dict[int, float]:
    """Return bucket -> ``log(1 + count)`` of the n-grams of a text.

    Args:
        text: A response; tokens are words and single punctuation marks, whitespace is ignored.
        condition: The system message, used if features are crossed.
        settings: Longest n-gram and number of buckets.
    """
    tokens = _TOKEN.findall(text)
    mask = (1 << settings.bits) - 1
    starts = [0]
    if settings.crossed and condition:
        starts.append(zlib.crc32(condition.encode("utf-8", "surrogatepass")) or 1)
    counts: Counter[int] = Counter()
    for size in range(1, settings.order + 1):
        for first in range(len(tokens) - size + 1):
            gram = "\x1f".join(tokens[first : first + size]).encode("utf-8", "surrogatepass")
            for start in starts:
                counts[zlib.crc32(gram, start) & mask] += 1
    return {bucket: float(np.log1p(count)) for bucket, count in counts.items()}


def feature_difference(chosen: str, rejected: str, condition: str, settings: NGramSettings) -> dict[int, float]:
    """Return bucket -> feature of chosen minus feature of rejected, without zeros, sorted by bucket."""
    plus, minus = features(chosen, condition, settings), features(rejected, condition, settings)
    both = {bucket: plus.get(bucket, 0.0) - minus.get(bucket, 0.0) for bucket in sorted(plus.keys() | minus.keys())}
    return {bucket: value for bucket, value in both.items() if value}


def fit_ngrams(rows: Iterable[Mapping[str, Any]], settings: NGramSettings | None = None) -> NGramModel:
    """Fit the baseline on preferences; the result is deterministic and does not depend on their order.

    Args:
        rows: Rows of a preference dataset: mappings with ``chosen``, ``rejected`` and optionally ``system``. They are
            streamed; only the feature differences of ``max_pairs`` of them are kept.
        settings: See :class:`NGramSettings`.

    Raises:
        InputError: No row has two different responses.
    """
    settings = settings or NGramSettings()
    kept, skipped = _sample(rows, settings)
    if not kept:
        raise InputError(
            "The n-gram baseline cannot be fitted: no row has two different responses.", "Check chosen and rejected."
        )
    return fit_differences(kept, settings, dict(sorted(skipped.items())))


def can_fit_ngrams(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether :func:`fit_ngrams` has a row to fit the baseline on.

    Args:
        rows: See :func:`fit_ngrams`; read up to the first such row.
    """
    settings = NGramSettings()
    return any(
        feature_difference(row["chosen"], row["rejected"], "", settings)
        for row in rows
        if row.get("chosen") and row.get("rejected")
    )


def fit_differences(
    kept: Sequence[Mapping[int, float]], settings: NGramSettings, skipped: dict[str, int] | None = None
) -> NGramModel:
    """Fit the baseline on feature differences.

    Args:
        kept: :func:`feature_difference` of each pair; at least one, none empty.
        settings: Settings of the features and of the fit.
        skipped: Reason -> number of pairs not among them, for the report.
    """
    matrix = _matrix(kept, settings)
    # Buckets without a feature keep weight 0; omitting them makes the problem smaller.
    used = np.unique(matrix.indices)
    dense = matrix[:, used]
    solution = minimize(
        _loss,
        np.zeros(len(used)),
        args=(dense, settings.l2),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": settings.iterations},
    )
    weight = np.zeros(1 << settings.bits, dtype=np.float32)
    weight[used] = solution.x
    margins = dense @ solution.x
    accuracy = float((margins > 0).mean() + (margins == 0).mean() / 2)
    report = FitReport(len(kept), skipped or {}, accuracy, int(solution.nit), bool(solution.success))
    return NGramModel(settings, weight, report)


def _sample(rows: Iterable[Mapping[str, Any]], settings: NGramSettings) -> tuple[list[dict[int, float]], Counter[str]]:
    """Return the differences of the ``max_pairs`` pairs with the smallest hashes, in the order of those hashes."""
    skipped: Counter[str] = Counter()
    heap: list[tuple[int, int, dict[int, float]]] = []
    for number, row in enumerate(rows):
        chosen, rejected, system = row.get("chosen"), row.get("rejected"), row.get("system") or ""
        if not chosen or not rejected:
            skipped["empty-response"] += 1
            continue
        key = -int(stable_id(system, str(row.get("input", "")), chosen, rejected), 16)
        if len(heap) == settings.max_pairs and key <= heap[0][0]:
            skipped["beyond-max-pairs"] += 1
            continue
        values = feature_difference(chosen, rejected, system, settings)
        if not values:
            skipped["same-n-grams"] += 1
        elif len(heap) < settings.max_pairs:
            heapq.heappush(heap, (key, number, values))
        else:
            heapq.heapreplace(heap, (key, number, values))
            skipped["beyond-max-pairs"] += 1
    return [values for _, _, values in sorted(heap, key=lambda item: -item[0])], skipped


def _matrix(pairs: Sequence[Mapping[int, float]], settings: NGramSettings) -> Any:
    starts = np.cumsum([0, *(len(values) for values in pairs)])
    columns = np.fromiter((bucket for values in pairs for bucket in values), dtype=np.int32, count=int(starts[-1]))
    data = np.fromiter((x for values in pairs for x in values.values()), dtype=np.float64, count=int(starts[-1]))
    return csr_matrix((data, columns, starts), shape=(len(pairs), 1 << settings.bits))


def _loss(weight: NDArray[np.float64], matrix: Any, l2: float) -> tuple[float, NDArray[np.float64]]:
    margins = matrix @ weight
    loss = float(np.logaddexp(0.0, -margins).mean() + 0.5 * l2 * (weight @ weight))
    gradient = -(matrix.T @ expit(-margins)) / matrix.shape[0] + l2 * weight
    return loss, gradient
