"""Write the directory of the model in the package, ``src/themis_rm/models/nano``, from a trained adapter.

    python data/build_nano.py ADAPTER --run runs/authored --run runs/humanevalpack --description "..." --limits "..."

It contains the adapter, its prompts, training record and card; the tokenizer of the adapter, if scores with that of
its base are not the same; ``measurements.json``, from the results of ``themis-rm evaluate``;
``reference_rewards.json``; and ``calibration.json``, from the output directory of ``themis-rm calibrate``.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.criteria import CRITERIA, criterion
from themis_rm.errors import InputError
from themis_rm.evaluation.evaluate import RESULTS, RunPrompts
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.messages import Conversation
from themis_rm.models.embedded import FOLDER, MEASUREMENTS, Measurement, Measurements
from themis_rm.models.families.criteria_mean import HEAD_FILE
from themis_rm.models.loading import load_model
from themis_rm.models.reference_rewards import REFERENCE_REWARDS, ReferenceRewards
from themis_rm.records import BenchmarkPair
from themis_rm.storage.atomic import atomic_directory

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")
CALIBRATION = "calibration.json"
LEFT_OUT = {*TOKENIZER_FILES, CALIBRATION, MEASUREMENTS, REFERENCE_REWARDS, "recipe.yaml"}
"""Files of an adapter that are written anew, or that may name paths of the machine that trained it."""
MAX_BYTES = 16_000_000
PER_CRITERION = 2
"""Reference pairs per criterion, each in another language."""


def reference_pairs() -> Iterator[BenchmarkPair]:
    """Yield the shortest authored pairs of each criterion, each in another language."""
    pairs = sorted(load_authored_pairs(), key=lambda pair: (len(pair.prompt + pair.chosen + pair.rejected), pair.id))
    for wanted in CRITERIA:
        languages: set[str] = set()
        for pair in (pair.to_benchmark_pair() for pair in pairs):
            if criterion(pair.aspect) != wanted or pair.language in languages or len(languages) == PER_CRITERION:
                continue
            languages.add(pair.language)
            yield pair


def measure(run: Path) -> Measurement:
    """Return the accuracies of a run of ``themis-rm evaluate``."""
    results = EvaluationResults.load(run / RESULTS)
    found = results.accuracies
    if found is None or results.run is None or found.overall.value is None:
        raise InputError(f"{run} has no accuracy.", "Evaluate the adapter again.")
    return Measurement(
        pairs=Path(results.run.benchmark).stem,
        n=found.overall.n,
        accuracy=found.overall.value,
        low=found.overall.low,
        high=found.overall.high,
        by_criterion={criterion(name).short: row.value for name, row in found.by_criterion.items()},
    )


def score_references(folder: Path, pairs: Sequence[tuple[Conversation, Conversation]]) -> ReferenceRewards:
    """Return the rewards that a model gives to the reference pairs."""
    return ReferenceRewards.score(load_model(folder), pairs)


def build(adapter: Path, out: Path, measurements: Measurements, calibration: Path | None) -> None:
    """Write the directory.

    Args:
        adapter: Directory of the trained adapter; its base has the weights that it was trained on.
        out: Directory to write.
        measurements: What was measured of the adapter.
        calibration: Its calibration, if it has one.
    """
    prompts = RunPrompts.load(adapter, "own")
    chosen_rejected = [tuple(prompts.conversations(pair)) for pair in reference_pairs()]
    references = score_references(adapter, chosen_rejected)
    with atomic_directory(out) as partial:
        for file in adapter.iterdir():
            if file.is_file() and file.name not in LEFT_OUT:
                shutil.copy(file, partial / file.name)
                (partial / file.name).chmod(0o644)
        if (adapter / HEAD_FILE).is_file():
            shutil.copy(adapter / HEAD_FILE, partial / HEAD_FILE)
        if score_references(partial, chosen_rejected) != references:
            for name in TOKENIZER_FILES:
                if (adapter / name).is_file():
                    shutil.copy(adapter / name, partial / name)
        measurements.save(partial / MEASUREMENTS)
        references.save(partial / REFERENCE_REWARDS)
        if calibration is not None:
            shutil.copy(calibration, partial / CALIBRATION)
        size = sum(file.stat().st_size for file in partial.iterdir())
        if size > MAX_BYTES:
            raise InputError(f"The model has {size:,} bytes, more than {MAX_BYTES:,}.", "Train fewer layers.")


def main() -> None:
    """Parse the command line and build the directory."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--run", type=Path, action="append", default=[], help="output directory of evaluate")
    parser.add_argument("--description", required=True, help="what the model is, in a few words")
    parser.add_argument("--limits", required=True, help="what it cannot do, in one sentence")
    parser.add_argument("--calibration", type=Path, help="calibration.json of calibrate")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    measurements = Measurements(
        description=options.description, accuracies=[measure(run) for run in options.run], limits=options.limits
    )
    build(options.adapter, options.out, measurements, options.calibration)


if __name__ == "__main__":
    main()
