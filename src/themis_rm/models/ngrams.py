"""A bag of hashed token n-grams under a Bradley-Terry model: what surface words alone tell about preferences.

Reward ``w . f(response)`` with ``f`` the logarithms of n-gram counts in hashed buckets (Weinberger et al., 2009,
"Feature hashing for large scale multitask learning"); ``w`` minimizes the mean of ``-log sigmoid(r_c - r_r)`` plus an
L2 term, by L-BFGS. With ``crossed`` every feature stands there twice, once shared and once together with the criteria
prompt (Daume III, 2007, "Frustratingly easy domain adaptation").
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
from themis_rm.models.checkpoint import digest, read_json
from themis_rm.models.protocol import NO_RESPONSE, ModelIdentity, Score, response_of, system_of
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id

CONFIG, WEIGHTS, TENSOR = "ngrams.json", "ngrams.safetensors", "weight"
_TOKEN = re.compile(r"\w+|[^\w\s]")


class NGramSettings(Settings):
    """How the n-gram baseline is fitted."""

    order: int = Field(default=3, ge=1, le=5)
    """Longest n-gram, in tokens."""
    bits: int = Field(default=18, ge=8, le=24)
    """Buckets of the hash, as a power of two."""
    l2: float = Field(default=1e-4, gt=0)
    """Weight of half the squared norm, beside the mean loss of a pair."""
    crossed: bool = False
    """Whether features also stand there crossed with the system message."""
    max_pairs: int = Field(default=50_000, ge=1)
    """Most pairs used. Which ones depends on their texts alone, not on their order."""
    iterations: int = Field(default=200, ge=1)
    """Most steps of L-BFGS."""


@dataclass
class FitReport:
    """What a fit was made of.

    Attributes:
        pairs: Pairs used.
        skipped: Reason -> pairs not used.
        accuracy: Share of the pairs used that the fitted model orders rightly (ties half).
        iterations: Steps taken.
        converged: Whether the optimizer was done before its last allowed step.
    """

    pairs: int
    skipped: dict[str, int] = field(default_factory=dict)
    accuracy: float = 0.0
    iterations: int = 0
    converged: bool = True


class NGramModel:
    """A fitted bag-of-n-grams baseline.

    Args:
        settings: How features are made.
        weight: Shape ``[2 ** bits]``, float32.
        report: What it was fitted on.
        identity: What results say about it.
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
        """Return the weighted n-grams of each response; the request is not looked at."""
        return [self._one(conversation) for conversation in conversations]

    def _one(self, conversation: Conversation) -> Score:
        response = response_of(conversation)
        if response is None:
            return Score.failed(NO_RESPONSE)
        found = features(response, system_of(conversation), self.settings)
        # Summed in the order of buckets, so that equal bags give equal rewards to the last bit.
        return Score(float(sum(float(self.weight[bucket]) * value for bucket, value in sorted(found.items()))))

    def save(self, folder: Path) -> None:
        """Write ``ngrams.json`` and ``ngrams.safetensors``; the configuration comes last and so marks a whole model."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({TENSOR: self.weight}, folder / WEIGHTS)
        values = {"settings": self.settings.model_dump(), "fit": self.report.__dict__}
        write_text(folder / CONFIG, json.dumps(values, indent=2) + "\n")


def load(folder: Path, settings: ModelSettings) -> NGramModel:  # noqa: ARG001
    """Load what :meth:`NGramModel.save` wrote.

    Raises:
        CheckpointError: A file is missing, unreadable, or they do not fit together.
    """
    values = read_json(folder / CONFIG)
    try:
        made = NGramSettings.build(values["settings"], str(folder / CONFIG))
        report = FitReport(**values["fit"])
        weight = load_file(folder / WEIGHTS)[TENSOR]
    except SettingError as error:
        raise CheckpointError(error.message, error.hint) from error
    except (KeyError, TypeError, OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder} is no whole n-gram model ({error}).", "Fit it again.") from error
    if weight.shape != (1 << made.bits,):
        raise CheckpointError(f"{folder / WEIGHTS} has shape {list(weight.shape)}, not [{1 << made.bits}].")
    identity = ModelIdentity(
        folder.resolve().name, "n-grams", digest(folder, [folder / WEIGHTS]), {"pairs": report.pairs}
    )
    return NGramModel(made, weight, report, identity)


def features(text: str, condition: str, settings: NGramSettings) -> dict[int, float]:
    """Return bucket -> ``log(1 + count)`` of the n-grams of a text.

    Args:
        text: A response; tokens are words and single signs, white space does not count.
        condition: The system message, used where the settings cross features.
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


def difference(chosen: str, rejected: str, condition: str, settings: NGramSettings) -> dict[int, float]:
    """Return the features of chosen minus those of rejected, without what is equal in both, by bucket in order."""
    plus, minus = features(chosen, condition, settings), features(rejected, condition, settings)
    both = {bucket: plus.get(bucket, 0.0) - minus.get(bucket, 0.0) for bucket in sorted(plus.keys() | minus.keys())}
    return {bucket: value for bucket, value in both.items() if value}


def fit_ngrams(rows: Iterable[Mapping[str, Any]], settings: NGramSettings | None = None) -> NGramModel:
    """Fit the baseline on preferences, deterministically and whatever their order.

    Args:
        rows: Mappings with ``chosen``, ``rejected`` and, if need be, ``system``: rows of a preference dataset. They are
            streamed; what is kept are the feature differences of at most ``max_pairs`` of them.
        settings: See :class:`NGramSettings`.

    Raises:
        InputError: Not one row has two answers that differ.
    """
    settings = settings or NGramSettings()
    kept, skipped = _sample(rows, settings)
    if not kept:
        raise InputError("The n-gram baseline has no pair to learn from: no row has two answers that differ.")
    return fit_differences(kept, settings, dict(sorted(skipped.items())))


def fit_differences(
    kept: Sequence[Mapping[int, float]], settings: NGramSettings, skipped: dict[str, int] | None = None
) -> NGramModel:
    """Fit the baseline on feature differences.

    Args:
        kept: What :func:`difference` gave for each pair; at least one, none of them empty.
        settings: How the features were made, and how to fit.
        skipped: Reason -> pairs not among them, for the report.
    """
    matrix = _matrix(kept, settings)
    # Buckets that no pair touches keep weight 0; leaving them out makes the steps small.
    used = np.unique(matrix.indices)
    dense = matrix[:, used]
    solved = minimize(
        _loss,
        np.zeros(len(used)),
        args=(dense, settings.l2),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": settings.iterations},
    )
    weight = np.zeros(1 << settings.bits, dtype=np.float32)
    weight[used] = solved.x
    margins = dense @ solved.x
    accuracy = float((margins > 0).mean() + (margins == 0).mean() / 2)
    report = FitReport(len(kept), skipped or {}, accuracy, int(solved.nit), bool(solved.success))
    return NGramModel(settings, weight, report)


def _sample(rows: Iterable[Mapping[str, Any]], settings: NGramSettings) -> tuple[list[dict[int, float]], Counter[str]]:
    """Return the differences of the ``max_pairs`` pairs with the smallest hashes, in the order of those hashes."""
    skipped: Counter[str] = Counter()
    heap: list[tuple[int, int, dict[int, float]]] = []
    for number, row in enumerate(rows):
        chosen, rejected, system = row.get("chosen"), row.get("rejected"), row.get("system") or ""
        if not chosen or not rejected:
            skipped["empty-answer"] += 1
            continue
        key = -int(stable_id(system, str(row.get("input", "")), chosen, rejected), 16)
        if len(heap) == settings.max_pairs and key <= heap[0][0]:
            skipped["beyond-max-pairs"] += 1
            continue
        values = difference(chosen, rejected, system, settings)
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
