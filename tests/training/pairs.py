"""A small preference dataset and a recipe that trains on it in seconds; as a program, it runs the training."""

import random
import sys

import yaml

from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training.recipe import TrainRecipe

RECIPE = {
    "backbone": {
        "config": {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "tie_word_embeddings": True,
        },
        "head_init_std": 0.02,
    },
    "tokenizer": {"train_bpe": {"vocab_size": 320}},
    "prompt_set": "themis",
    "learning_rate": 3e-3,
    "min_learning_rate": 1e-3,
    "max_length": 96,
    "global_batch_size": 8,
    "max_steps": 12,
    "precision": "fp32",
    "save_steps": 3,
    "eval_steps": 6,
    "max_eval_samples": 32,
    "num_threads": 1,
}


def recipe(**changes):
    return TrainRecipe.build({**RECIPE, **changes})


def rows(count, seed=0):
    rng = random.Random(seed)
    for number in range(count):
        name = rng.choice(["total", "longest", "first", "unique"]) + str(rng.randrange(50))
        body = "".join(f"    {rng.choice('abcdef')} = {rng.randrange(100)}\n" for _ in range(rng.randrange(1, 6)))
        yield Preference(
            system="Is it correct?" if rng.random() < 0.5 else None,
            input=f"Write {name}.",
            chosen=f"def {name}(x):\n{body}    return x",
            rejected=f"def {name}(x):\n{body}    return None",
            language="Python",
            aspect="Functional Correctness",
            source="test",
            idx=str(number),
            repos=f"repo{number % 7}",
        )


def write(folder, train=60, validation=20):
    write_rows(folder / "train.parquet", rows(train), Preference.schema())
    if validation:
        write_rows(folder / "validation.parquet", rows(validation, seed=1), Preference.schema())
    return folder


if __name__ == "__main__":
    from themis_rm.training.runner import train

    data, out, *changes = sys.argv[1:]
    settings = {key: yaml.safe_load(value) for key, _, value in (pair.partition("=") for pair in changes)}
    train(recipe(**settings), data, out)
