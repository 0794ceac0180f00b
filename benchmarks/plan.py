"""Compare ``themis-rm plan`` with training runs on this machine: memory by part and time of a step.

    python benchmarks/plan.py [CASE ...]

Each case trains a model from random weights for a few steps in a process of its own, with one thread. Memory is the
resident memory of the process beyond what it was before the model was built. Each cell has the planned and the measured
value; the last lines have the errors of the planned peak and the speed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TINY = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "tie_word_embeddings": True,
    "vocab_size": 4096,
}
SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"
FP32, BF16 = {"precision": "fp32"}, {"precision": "bf16"}
CASES = {
    "tiny, fp32": (TINY, 1024, {**FP32, "micro_batch_tokens": 4096, "global_batch_size": 4}),
    "fp32": (SMOLLM2, 256, {**FP32}),
    "fp32, two passes": (SMOLLM2, 256, {**FP32, "global_batch_size": 2}),
    "fp32, checkpointing": (SMOLLM2, 256, {**FP32, "gradient_checkpointing": True}),
    "fp32, without LM loss": (SMOLLM2, 256, {**FP32, "lm_loss_weight": 0}),
    "fp32, LoRA": (SMOLLM2, 256, {**FP32, "peft": {"r": 8}, "lm_loss_weight": 0}),
    "fp32, last 4 layers": (SMOLLM2, 256, {**FP32, "train_layers": 4, "lm_loss_weight": 0}),
    "bf16": (SMOLLM2, 256, {**BF16}),
    "bf16, checkpointing": (SMOLLM2, 256, {**BF16, "gradient_checkpointing": True}),
    "bf16, LoRA, checkpointing": (
        SMOLLM2,
        256,
        {**BF16, "peft": {"r": 8}, "gradient_checkpointing": True, "lm_loss_weight": 0},
    ),
}
STEPS = 3


def recipe_of(name: str) -> Any:
    """Return the recipe of a case."""
    from themis_rm.training.planning.backbones import SHAPES
    from themis_rm.training.recipe import TrainRecipe

    shape, length, changes = CASES[name]
    config = dict(SHAPES[shape]) if isinstance(shape, str) else shape
    values = {"global_batch_size": 1, "micro_batch_tokens": 2 * length, **changes}
    return TrainRecipe.build(
        {
            "backbone": {"config": config},
            "tokenizer": {"train_bpe": {"vocab_size": config["vocab_size"]}},
            "max_length": length,
            "max_steps": STEPS,
            "num_threads": 1,
            **values,
        }
    )


def resident(field: str) -> int:
    """Return a field of the process's memory, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def measure(name: str) -> dict[str, float]:
    """Train for a few steps, and return bytes by part and seconds per step."""
    import gc

    import pyarrow as pa
    import torch
    from transformers import TrainerCallback

    from themis_rm.training.backbone import build_model
    from themis_rm.training.planning.backbones import Vocabulary
    from themis_rm.training.token_cache import _SCHEMA, TokenizedPairs
    from themis_rm.training.trainer import PairTrainer, training_arguments

    torch.set_num_threads(1)
    recipe = recipe_of(name)
    length, count = recipe.max_length, recipe.global_batch_size * STEPS
    folder = Path(tempfile.mkdtemp())
    tokens = {"chosen": [5] * length, "rejected": [6] * length, "prompt_length": 1, "weight": 1.0}
    empty = {pa.string(): "", pa.bool_(): False}
    rows = [{**{field.name: empty.get(field.type, 0) for field in _SCHEMA}, **tokens} for _ in range(count)]
    with pa.OSFile(str(folder / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=_SCHEMA))
    pairs = TokenizedPairs(folder / "t.arrow")
    warm = torch.randn(64, 64, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bf16"):
        (warm @ warm).sum().backward()
    del warm
    gc.collect()
    start = resident("VmRSS")
    model = build_model(recipe, Vocabulary(recipe.tokenizer.train_bpe.vocab_size), 0)
    gc.collect()
    weights = resident("VmRSS") - start
    found: dict[str, float] = {"weights": weights}
    seconds, last = [], 0.0

    class Watch(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            nonlocal last
            found["states"] = resident("VmRSS") - start - weights
            Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
            last = time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            seconds.append(time.perf_counter() - last)
            found["peak"] = resident("VmHWM") - start

    args = training_arguments(recipe, folder / "checkpoints", STEPS)
    args.save_strategy = args.eval_strategy = "no"
    args.save_steps = args.eval_steps = 10**6
    trainer = PairTrainer(model, recipe, args, pairs, pairs, pad_token_id=0)
    trainer.add_callback(Watch())
    trainer.callback_handler.callbacks = [
        item for item in trainer.callback_handler.callbacks if type(item).__name__ != "EvaluateOnTrainEnd"
    ]
    trainer.train()
    # The best of several, as the speed of a matrix product: other processes disturb both.
    found["seconds"] = min(seconds[1:])
    return found


def planned(name: str, mfu: float) -> dict[str, float]:
    """Return what ``themis-rm plan`` says."""
    from themis_rm.training.planning.estimate import OPTIMIZER, plan
    from themis_rm.training.planning.simulation import WEIGHTS

    made = plan(recipe_of(name), "cpu", 1, mfu=mfu)
    return {
        "weights": made.memory[WEIGHTS],
        "states": made.memory[OPTIMIZER],
        "peak": made.needed,
        "seconds": made.step_seconds,
    }


def main() -> None:
    """Measure the cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"By default all: {', '.join(CASES)}.")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print("RESULT " + json.dumps(measure(arguments.worker)))
        return
    import torch

    torch.set_num_threads(1)
    # Freed memory goes back to the system at once, so that resident memory is memory in use.
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": "65536",
        "MALLOC_TRIM_THRESHOLD_": "65536",
        "CUDA_VISIBLE_DEVICES": "",
    }
    errors, speeds = [], []
    print("| case | weights | states | the rest | peak | seconds per step | speed |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in arguments.cases or CASES:
        command = [sys.executable, __file__, "--worker", name]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        line = next((text for text in done.stdout.splitlines() if text.startswith("RESULT ")), None)
        if line is None:
            sys.exit(done.stderr[-2000:])
        real, plan = json.loads(line.removeprefix("RESULT ")), planned(name, 1.0)
        real["rest"] = real["peak"] - real["weights"] - real["states"]
        plan["rest"] = plan["peak"] - plan["weights"] - plan["states"]
        cells = [f"{plan[p] / 1e6:,.0f} / {real[p] / 1e6:,.0f}" for p in ("weights", "states", "rest", "peak")]
        errors.append(plan["peak"] / real["peak"] - 1)
        speeds.append(plan["seconds"] / real["seconds"])
        row = [name, *cells, f"{real['seconds']:.2f}", f"{speeds[-1]:.0%}"]
        print(f"| {' | '.join(row)} |", flush=True)
    print(f"error of the planned peak: mean {sum(map(abs, errors)) / len(errors):.1%}, ", end="")
    print(f"from {min(errors):+.1%} to {max(errors):+.1%}")
    print(f"share of the speed of a matrix product: {min(speeds):.0%} to {max(speeds):.0%}")


if __name__ == "__main__":
    main()
