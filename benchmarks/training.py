"""Compare the speed of training with TRL's RewardTrainer and with a plain loop: same model, pairs, batches, machine.

    python benchmarks/training.py --model DIR --data DATASET --max-length 2048 [--trl-python PYTHON] [--bf16]

Sides, each in a new process, alternately:

- ``trl``: ``RewardTrainer``: Bradley-Terry and reward-centering terms, padded batches, no language-modeling term.
- ``themis``: the same terms, packed pairs with shared prefixes.
- ``plain-lm``: a padded loop over a causal language model with two passes a batch, one over the chosen responses, from
  which the language-modeling term is computed, and one over the rejected ones.
- ``themis-lm``: the same three terms in one packed pass.

With ``--bf16`` also ``themis-bf16`` and ``themis-lm-bf16``, whose ratios are to the float32 sides of the peers. The
pairs are the first of the dataset that have at most ``--max-length`` tokens with either response. All sides take
``--batch`` pairs per optimizer step, in the order of the data; ``--micro`` pairs are a padded forward pass. The time
of the first step is not counted. Peak memory is that of the process. The last line of each comparison is the ratio of
pairs per second.

TRL may need another environment: ``--trl-python`` names its interpreter, in which torch, transformers, datasets and TRL
are importable.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CENTERING, LM_WEIGHT, LEARNING_RATE = 0.001, 0.25, 1e-6


class StepTimes:
    """Times at the ends of optimizer steps."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def mark(self) -> None:
        """Note the end of a step."""
        self.times.append(time.perf_counter())

    def seconds(self) -> float:
        """Return the time from the end of the first step to that of the last."""
        return self.times[-1] - self.times[0]

    def callback(self) -> Any:
        """Return a callback of transformers' Trainer that marks steps."""
        from transformers import TrainerCallback

        mark = self.mark

        class Mark(TrainerCallback):
            def on_step_end(self, *_: Any, **__: Any) -> None:
                mark()

        return Mark()


def train_with_trl(options: argparse.Namespace, rows: list[dict[str, Any]], times: StepTimes) -> None:
    """Train with TRL's RewardTrainer in float32."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from trl import RewardConfig, RewardTrainer

    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForSequenceClassification.from_pretrained(options.model, num_labels=1, dtype=torch.float32)
    model.config.pad_token_id = tokenizer.pad_token_id
    data = Dataset.from_list([{side: talk(row, row[side]) for side in ("chosen", "rejected")} for row in rows])
    with tempfile.TemporaryDirectory() as folder:
        config = RewardConfig(
            output_dir=folder,
            per_device_train_batch_size=options.micro,
            gradient_accumulation_steps=options.batch // options.micro,
            max_steps=options.steps,
            max_length=options.max_length,
            learning_rate=LEARNING_RATE,
            center_rewards_coefficient=CENTERING,
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=not torch.cuda.is_available(),
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = RewardTrainer(model=model, args=config, train_dataset=data, processing_class=tokenizer)
        trainer.add_callback(times.callback())
        trainer.train()


def train_plain(options: argparse.Namespace, rows: list[dict[str, Any]], times: StepTimes) -> None:
    """Train with two padded passes a batch, and the language-modeling term on the chosen responses."""
    import torch
    from torch.nn.functional import cross_entropy, logsigmoid
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).to(device).train()
    head = torch.nn.Linear(model.config.hidden_size, 1, bias=False).to(device)
    optimizer = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=LEARNING_RATE, fused=True)

    def encode(talks: list[list[dict[str, str]]]) -> tuple[Any, list[int]]:
        texts = [tokenizer.apply_chat_template(item, tokenize=False) for item in talks]
        prompts = [tokenizer.apply_chat_template(t[:-1], tokenize=False, add_generation_prompt=True) for t in talks]
        starts = [len(ids) for ids in tokenizer(prompts, add_special_tokens=False)["input_ids"]]
        inputs = tokenizer(texts, padding=True, padding_side="right", add_special_tokens=False, return_tensors="pt")
        return inputs.to(device), starts

    def run(talks: list[list[dict[str, str]]], with_lm: bool) -> tuple[Any, Any, int]:
        inputs, starts = encode(talks)
        output = model(**inputs, output_hidden_states=True, use_cache=False)
        last = inputs["attention_mask"].sum(1) - 1
        rewards = head(output.hidden_states[-1][torch.arange(len(talks)), last]).squeeze(-1)
        if not with_lm:
            return rewards, None, 0
        labels = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100)
        for row, start in enumerate(starts):
            labels[row, :start] = -100
        nll = cross_entropy(output.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum")
        return rewards, nll, int((labels[:, 1:] >= 0).sum())

    for step in range(options.steps):
        batch = [rows[(step * options.batch + i) % len(rows)] for i in range(options.batch)]
        for first in range(0, options.batch, options.micro):
            part = batch[first : first + options.micro]
            chosen, nll, tokens = run([talk(row, row["chosen"]) for row in part], True)
            rejected, _, _ = run([talk(row, row["rejected"]) for row in part], False)
            loss = -logsigmoid(chosen - rejected).sum() + CENTERING * (chosen + rejected).square().sum()
            (loss / options.batch + LM_WEIGHT * nll / max(1, tokens) * len(part) / options.batch).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.5)
        optimizer.step()
        optimizer.zero_grad()
        times.mark()


def train_with_themis(
    options: argparse.Namespace, rows: list[dict[str, Any]], times: StepTimes, *, lm: bool, bf16: bool
) -> None:
    """Train with this package."""
    from themis_rm.training import runner

    build = runner.PairTrainer

    def with_times(*args: Any, **values: Any) -> Any:
        trainer = build(*args, **values)
        trainer.add_callback(times.callback())
        return trainer

    runner.PairTrainer = with_times  # type: ignore[assignment, misc]
    recipe = {
        "backbone": {"path": str(options.model)},
        "prompt_set": "themis",
        "validation_fraction": 0.0,
        "max_length": options.max_length,
        "global_batch_size": options.batch,
        "micro_batch_tokens": options.micro_tokens,
        "max_steps": options.steps,
        "learning_rate": LEARNING_RATE,
        "min_learning_rate": LEARNING_RATE,
        "lm_loss_weight": LM_WEIGHT if lm else 0.0,
        "center_rewards_coefficient": CENTERING,
        "precision": "bf16" if bf16 else "fp32",
        "max_eval_samples": 0,
        "save_steps": 10_000,
        "eval_steps": 10_000,
    }
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "train.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        runner.train(recipe, data, Path(folder) / "out")


SIDES: dict[str, Callable[[argparse.Namespace, list[dict[str, Any]], StepTimes], None]] = {
    "trl": train_with_trl,
    "themis": lambda *values: train_with_themis(*values, lm=False, bf16=False),
    "themis-bf16": lambda *values: train_with_themis(*values, lm=False, bf16=True),
    "plain-lm": train_plain,
    "themis-lm": lambda *values: train_with_themis(*values, lm=True, bf16=False),
    "themis-lm-bf16": lambda *values: train_with_themis(*values, lm=True, bf16=True),
}
PEERS = {"themis": "trl", "themis-bf16": "trl", "themis-lm": "plain-lm", "themis-lm-bf16": "plain-lm"}


def talk(row: dict[str, Any], response: str) -> list[dict[str, str]]:
    """Return the conversation of a row and a response."""
    system = [{"role": "system", "content": row["system"]}] if row["system"] else []
    return [*system, {"role": "user", "content": row["input"]}, {"role": "assistant", "content": response}]


def read_rows(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the first pairs that fit, and print their lengths."""
    from transformers import AutoTokenizer

    from themis_rm.training.splits import find_splits
    from themis_rm.training.tokenization import Dropped, PairEncoder

    encoder = PairEncoder(AutoTokenizer.from_pretrained(options.model), options.max_length, "drop")
    rows, lengths, prompts = [], [], []
    count = options.batch * options.steps
    for row in find_splits(options.data, 0.0).rows("train"):
        (pair,) = encoder.encode_pairs([row])
        if not isinstance(pair, Dropped) and pair.length >= options.min_length:
            rows.append({name: row[name] for name in ("system", "input", "chosen", "rejected", "aspect")})
            lengths += [len(side.ids) - side.prompt_length for side in (pair.chosen, pair.rejected)]
            prompts.append(pair.chosen.prompt_length)
        if len(rows) == count:
            break
    if not rows:
        sys.exit("No pair fits: raise --max-length.")
    means = [sum(values) / len(values) for values in (prompts, lengths)]
    print(f"{len(rows)} pairs: prompts {means[0]:.0f}, responses {means[1]:.0f} tokens")
    return rows


def child(options: argparse.Namespace) -> None:
    """Train on one side in this process, and print its time and memory as JSON."""
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    times, rows = StepTimes(), json.loads(Path(options.job).read_text(encoding="utf-8"))
    SIDES[options.side](options, rows, times)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if torch.cuda.is_available():
        memory = torch.cuda.max_memory_allocated() / 2**20
    print(json.dumps({"pairs": options.batch * (options.steps - 1), "seconds": times.seconds(), "mib": memory}))


def measure(side: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one side in a new process."""
    python = options.trl_python if side == "trl" else sys.executable
    values = ("model", "job", "max_length", "batch", "micro", "micro_tokens", "steps", "threads")
    flags = [part for name in values for part in (f"--{name.replace('_', '-')}", str(getattr(options, name)))]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [python, __file__, "--side", side, *flags], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        sys.exit(f"{side} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run all sides and print their speeds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="directory of a causal language model")
    parser.add_argument("--data", help="preference dataset")
    parser.add_argument("--max-length", type=int, default=2048)
    parser.add_argument("--min-length", type=int, default=0, help="fewest tokens of the longer response, with prompt")
    parser.add_argument("--batch", type=int, default=16, help="pairs per optimizer step")
    parser.add_argument("--micro", type=int, default=4, help="pairs per forward pass of the peers")
    parser.add_argument("--micro-tokens", type=int, default=8192, help="most tokens per forward pass of themis-rm")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1, help="the fastest round of each side counts")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--sides", nargs="+", choices=SIDES, help="run only these")
    parser.add_argument("--trl-python", default=sys.executable)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        child(options)
        return
    sides = options.sides or [side for side in SIDES if options.bf16 or not side.endswith("bf16")]
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "rows.json"
        job.write_text(json.dumps(read_rows(options)), encoding="utf-8")
        options.job = str(job)
        speeds: dict[str, float] = {}
        for _ in range(options.rounds):
            for side in sides:
                found = measure(side, options)
                speeds[side] = max(speeds.get(side, 0.0), found["pairs"] / found["seconds"])
                print(f"{side:15} {speeds[side]:7.3f} pairs/s, peak memory {found['mib']:,.0f} MiB", flush=True)
    for side, peer in PEERS.items():
        if side in speeds and peer in speeds:
            print(f"ratio {side} / {peer}: {speeds[side] / speeds[peer]:.2f}")


if __name__ == "__main__":
    main()
