"""Check that a recipe learns the labels of a dataset: short runs on labels as they are, swapped, and random.

A model that learns what the labels say learns the opposite from swapped labels. A model that reads something else, such
as the order of the two responses, does not, and it can predict random labels that it has not seen. Random labels are
compared with random labels of other pairs, because a short run on them may favor one kind of response by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from transformers.trainer_utils import SaveStrategy

from themis_rm.errors import SettingError
from themis_rm.results import Result, ResultPart
from themis_rm.storage.atomic import remove
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.training.backbone import build_model
from themis_rm.training.metrics import margin_metrics
from themis_rm.training.precision import resolve_precision
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.runner import PreparedData, job_settings, prepare_data, start_run
from themis_rm.training.token_cache import Categories, TokenizedPairs
from themis_rm.training.trainer import EvaluateOnTrainEnd, PairTrainer, training_arguments

Labels = Literal["as they are", "swapped", "random"]

FOLDER = "check"
"""Directory of the check in the output directory of a run."""
CHECK_FILE = "label_check.json"
STEPS, PAIRS_PER_STEP, VALIDATION_PAIRS = 50, 16, 200
"""Size of each run, unless the recipe has fewer."""
OVERFITTED_PAIRS = 8
LEVEL = 0.999
"""Confidence level of the intervals, high enough that a check without a problem fails in one of a thousand runs."""


class CheckRow(ResultPart):
    """Result of one short run."""

    labels: str
    """What was trained on."""
    steps: int
    """Number of steps."""
    n: int
    """Number of pairs that the accuracy is of."""
    accuracy: float
    """Accuracy after the run, ties half."""
    low: float
    """Lower end of its 99.9 % interval."""
    high: float
    """Upper end."""
    loss: float
    """Mean Bradley-Terry loss of the same pairs."""
    expected: str
    """What the accuracy or the loss should be."""
    passed: bool
    """Whether it is."""
    advice: str = ""
    """What it means otherwise, and what to try."""


class LabelCheck(Result):
    """Result of a check: one row per run."""

    kind: ClassVar[str] = "label check"

    rows: list[CheckRow]
    """The runs."""

    @property
    def passed(self) -> bool:
        """Whether all runs gave what was expected."""
        return all(row.passed for row in self.rows)

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per run."""
        return [row.model_dump() for row in self.rows]

    def summary(self) -> str:
        """Return the conclusion in one line."""
        failed = [row.labels for row in self.rows if not row.passed]
        return f"failed: {', '.join(failed)}" if failed else "the recipe learns the labels"


@dataclass(frozen=True)
class RelabeledPairs:
    """Some pairs of a split, with labels swapped in some of them; takes the place of the split in a trainer.

    Attributes:
        pairs: The split.
        indices: Indices of the pairs in the split.
        swapped: Whether the labels of each pair are swapped.
    """

    pairs: TokenizedPairs
    indices: np.ndarray
    swapped: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> dict[str, Any]:
        pair = self.pairs[int(self.indices[index])]
        if self.swapped[index]:
            pair = {**pair, "chosen": pair["rejected"], "rejected": pair["chosen"]}
        return pair

    @cached_property
    def lengths(self) -> np.ndarray:
        """Tokens of each pair's longer response."""
        return self.pairs.lengths[self.indices]

    @cached_property
    def groups(self) -> np.ndarray:
        """Group of each pair."""
        return self.pairs.groups[self.indices]

    @property
    def criteria(self) -> Categories:
        """Criterion of each pair."""
        return Categories(self.pairs.criteria.names, self.pairs.criteria.codes[self.indices])

    @property
    def languages(self) -> Categories:
        """Language of each pair."""
        return Categories(self.pairs.languages.names, self.pairs.languages.codes[self.indices])

    def idx(self, index: int) -> str:
        """Return the ``idx`` of the dataset row of a pair."""
        return self.pairs.idx(int(self.indices[index]))


def relabel(pairs: TokenizedPairs, indices: np.ndarray, labels: Labels, seed: int) -> RelabeledPairs:
    """Return pairs with other labels.

    Args:
        pairs: The split.
        indices: Indices of the pairs.
        labels: Which labels.
        seed: Seed of random labels.
    """
    if labels == "random":
        swapped = np.random.default_rng(seed).random(len(indices)) < 0.5
    else:
        swapped = np.full(len(indices), labels == "swapped")
    return RelabeledPairs(pairs, indices, swapped)


def check_labels(recipe: TrainRecipe, data: str | Path, out: str | Path, steps: int | None = None) -> LabelCheck:
    """Train four short runs in ``out/check``, and report whether the recipe learns the labels.

    Args:
        recipe: The training recipe. Batches have at most 16 pairs here.
        data: Preference dataset.
        out: Output directory; the result is in ``check/label_check.json``.
        steps: Number of steps of each run; by default 50, or those of the recipe if it has fewer.

    Raises:
        UserError: The recipe or the dataset cannot be used, or there are no validation pairs.
    """
    recipe.require_gradient_steps("--check")
    recipe = resolve_precision(recipe)
    folder = Path(out) / FOLDER
    splits, process = start_run(recipe, str(data), folder)
    digest = splits.digest()
    with process.main_process_first(local=False, desc="tokenization"):
        prepare_output_dir(
            folder, "check", job_settings(recipe, digest), outputs=("tokens", "tokenizer", CHECK_FILE), replace=True
        )
        prepared = prepare_data(recipe, splits, digest, folder)
    result = LabelCheck(rows=_runs(recipe, prepared, folder, steps))
    if process.process_index == 0:
        result.save(folder / CHECK_FILE)
        remove(folder / "checkpoints")  # empty
    return result


def _runs(recipe: TrainRecipe, prepared: PreparedData, folder: Path, steps: int | None) -> list[CheckRow]:
    train, validation = (TokenizedPairs(folder / "tokens" / f"{split}.arrow") for split in ("train", "validation"))
    used = validation.sample(VALIDATION_PAIRS)
    if not len(used) or not len(train):
        raise SettingError(
            "The check needs training pairs and validation pairs.",
            "Add a validation split, or set validation_fraction.",
        )
    size = min(recipe.global_batch_size, PAIRS_PER_STEP)
    steps = steps or min(STEPS, recipe.max_steps or STEPS)
    short = recipe.model_copy(update={"global_batch_size": size, "load_best_model_at_end": False, "report_to": []})
    short = short.model_copy(update={"early_stopping_patience": None, "sampling": None, "max_steps": steps})
    some = train.sample(steps * size)

    def accuracy(labels: Labels, compared: Labels) -> dict[str, Any]:
        trainer = _fit(short, prepared, relabel(train, some, labels, recipe.seed), folder)
        held_out = relabel(validation, used, compared, recipe.seed + 1)
        return {"labels": labels, "steps": steps, **_accuracy(trainer, held_out)}

    as_they_are = accuracy("as they are", "as they are")
    swapped = accuracy("swapped", "as they are")
    random = accuracy("random", "random")
    return [*judge(as_they_are, swapped, random), _overfit(short, prepared, train, some, folder)]


def judge(as_they_are: dict[str, Any], swapped: dict[str, Any], random: dict[str, Any]) -> list[CheckRow]:
    """Compare the accuracies of three runs with what a model that learns the labels would have.

    Args:
        as_they_are: Run on the labels of the dataset: fields of :class:`CheckRow`.
        swapped: Run on swapped labels, with the accuracy on labels as they are.
        random: Run on random labels, with the accuracy on other random labels.
    """
    learned, unlearned = as_they_are["low"] > 0.5, swapped["high"] < 0.5
    slack = (as_they_are["high"] - as_they_are["low"] + swapped["high"] - swapped["low"]) / 2
    mirrored = abs(as_they_are["accuracy"] + swapped["accuracy"] - 1) <= slack
    more = "Use more steps (--max-steps) or a higher learning_rate; labels that are noise cannot be learned."
    both = "Swapped labels do not give the opposite: something else than the labels is learned."
    leak = "Random labels are predicted: the order of the responses, or of the pairs, reaches the model."
    return [
        CheckRow(**as_they_are, expected="above 0.5", passed=learned, advice="" if learned else more),
        CheckRow(
            **swapped,
            expected="below 0.5, one minus the first",
            passed=unlearned and mirrored,
            advice="" if unlearned and mirrored else both if learned else more,
        ),
        CheckRow(
            **random,
            expected="0.5",
            passed=random["low"] <= 0.5 <= random["high"],
            advice="" if random["low"] <= 0.5 <= random["high"] else leak,
        ),
    ]


def _overfit(
    recipe: TrainRecipe, prepared: PreparedData, train: TokenizedPairs, some: np.ndarray, folder: Path
) -> CheckRow:
    """Train on one batch over and over."""
    batch = relabel(train, some[:: max(1, len(some) // OVERFITTED_PAIRS)][:OVERFITTED_PAIRS], "as they are", 0)
    one = recipe.model_copy(update={"global_batch_size": len(batch)})
    found = _accuracy(_fit(one, prepared, batch, folder), batch)
    passed = found["accuracy"] == 1 and found["loss"] < np.log(2) / 2
    advice = "One batch is not learned by heart: raise learning_rate or --max-steps, or check what is trained."
    return CheckRow(
        labels="one batch",
        steps=recipe.max_steps or 0,
        **found,
        expected="1, loss below 0.35",
        passed=bool(passed),
        advice="" if passed else advice,
    )


def _fit(recipe: TrainRecipe, prepared: PreparedData, pairs: RelabeledPairs, folder: Path) -> PairTrainer:
    model = build_model(recipe, prepared.tokenizer, prepared.pad_token_id)
    args = training_arguments(recipe, folder / "checkpoints", recipe.max_steps or STEPS)
    args.save_strategy, args.eval_strategy = SaveStrategy.NO, "no"
    dataset: Any = pairs
    trainer = PairTrainer(model, recipe, args, dataset, dataset, pad_token_id=prepared.pad_token_id)
    trainer.remove_callback(EvaluateOnTrainEnd)
    trainer.train()
    return trainer


def _accuracy(trainer: PairTrainer, pairs: RelabeledPairs) -> dict[str, Any]:
    scored: Any = pairs
    chosen, rejected = trainer.score_pairs(scored, np.arange(len(pairs)))
    found = margin_metrics(chosen - rejected, pairs.groups, LEVEL)
    accuracy = {name: found[name] for name in ("accuracy", "low", "high")}
    return {"n": len(pairs), **accuracy, "loss": found["bradley_terry"]}
