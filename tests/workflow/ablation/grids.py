"""A small grid of two stages and the dataset that it trains on in seconds; as a program, it runs the ablation."""

import copy
import random
import sys

from tests.training.pairs import RECIPE

from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.workflow.ablation.grid import AblationGrid

ASPECTS = ("Functional Correctness", "Security Hardness")
LANGUAGES = ("Python", "Java")

SMALL = {
    **RECIPE,
    "max_length": 2048,
    "max_steps": 2,
    "global_batch_size": 4,
    "max_eval_samples": 0,
    "eval_steps": 100,
    "save_steps": 1,
}
"""A recipe of two steps."""


def rows(count, seed):
    """Yield rows of two criteria and two languages in turn."""
    rng = random.Random(seed)
    for number in range(count):
        body = "".join(f"    {rng.choice('abcdef')} = {rng.randrange(100)}\n" for _ in range(rng.randrange(1, 5)))
        yield Preference(
            system="Is it correct?" if number % 3 else None,
            input=f"Write f{seed}{number}.",
            chosen=f"def f(x):\n{body}    return x",
            rejected=f"def f(x):\n{body}    return None",
            language=LANGUAGES[number // 2 % 2],
            aspect=ASPECTS[number % 2],
            source="test",
            idx=f"{seed}-{number}",
            repos=f"repo{number % 7}",
        )


def write_data(folder, train=32):
    """Write a dataset with a training, a validation and a test split."""
    for seed, (split, count) in enumerate({"train": train, "validation": 8, "test": 4}.items()):
        write_rows(folder / f"{split}.parquet", rows(count, seed), Preference.schema())
    return folder


def values(data, **changes):
    """Return the plain values of a grid with two stages, one seed and one variant."""
    stage = {"recipe": SMALL, "data": str(data), "rows": {"pairs": 8}}
    grid = {
        "run_name": "small",
        "stages": {"first": stage, "second": copy.deepcopy(stage)},
        "seeds": [0],
        "variants": {"no-lm": {"settings": {"lm_loss_weight": 0}}},
        "evaluations": {"pairs": {"benchmark": "held-out"}},
        "evaluate": {"baselines": ["length"], "shard_size": 8},
    }
    return {**grid, **changes}


def grid(data, **changes):
    """Return a grid, see :func:`values`."""
    return AblationGrid.build(values(data, **changes))


def single_stage(data, **changes):
    """Return a grid with one stage, by default with two runs."""
    return grid(data, stages={"second": values(data)["stages"]["second"]}, **changes)


if __name__ == "__main__":
    from themis_rm.workflow.ablation.run import ablate

    ablate(single_stage(sys.argv[1]), sys.argv[2])
