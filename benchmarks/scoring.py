"""Compare the speed of the scorer with a padded transformers loop: same weights, conversations and machine.

    python benchmarks/scoring.py --repos CLONE... [--candidates FILE.jsonl] [--tokenizer DIR]

The baseline is plain transformers: ``AutoModelForSequenceClassification`` with batches of 8 in the order of the input,
padded by the tokenizer. There are two jobs, each with the criteria prompt of ``evaluate --prompts own``:

- **Pairs.** Both versions of the files of 200 commits. The histories are mined and curated with the package's stages.
  Pairs are sorted by id (a hash); the first 200 whose versions both have at most L tokens are used, where L is the
  largest multiple of 64 with a mean of at most 1,200 tokens. The limit makes lengths more uniform, which favors the
  padded loop. The responses of a pair are adjacent; with ``--apart``, eight chosen responses form a batch and their
  rejected ones the next, as in published scoring scripts.
- **Candidates.** The first 40 different programs of the first problem in FILE that has that many, in the format of
  ``themis-rm rerank``.

Without ``--model``, a Qwen3 with random weights is built: proportions of Qwen3-0.6B at a quarter of its width, 16
layers. Without ``--tokenizer``, a byte-level tokenizer is trained on this package's sources.

Sides run alternately, each in a new process; the fastest round of each counts. Seconds include tokenization and exclude
loading and a warm-up; peak memory is that of the process. Scores are compared with those of the plain model at batch
size 1. The last line of each job is the ratio of seconds, plain transformers / Themis.
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
from itertools import islice
from pathlib import Path
from typing import Any

BATCH, MEAN, CANDIDATES = 8, 1200, 40
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
Talk = list[dict[str, str]]


def train_tokenizer() -> Any:
    """Return a byte-level tokenizer trained on this package."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trained = ByteLevelBPETokenizer()
    sources = sorted(str(path) for path in (Path(__file__).parents[1] / "src").rglob("*.py"))
    trained.train(sources, vocab_size=4096, special_tokens=specials, show_progress=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer,
        eos_token=specials[2],
        pad_token=specials[0],
        additional_special_tokens=specials,
        model_max_length=32768,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def build(folder: Path, tokenizer: Any) -> str:
    """Save a one-label Qwen3 with random weights and return its description."""
    import torch
    from transformers import AutoModelForSequenceClassification, Qwen3Config

    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=16,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=128,
        max_position_embeddings=32768,
        num_labels=1,
        initializer_range=0.05,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = AutoModelForSequenceClassification.from_config(config)
    model.save_pretrained(folder)
    table = model.get_input_embeddings().weight.numel()
    rest = sum(weight.numel() for weight in model.parameters()) - table
    return f"random Qwen3, 16 layers of width 256, {rest / 1e6:.1f}M weights and {table / 1e6:.1f}M of embeddings"


def commit_pairs(repos: list[str], tokenizer: Any, scratch: Path, count: int, apart: bool) -> list[Talk]:
    """Return chosen and rejected responses of mined pairs, alternating one by one or by batches."""
    from themis_rm.criteria import criterion
    from themis_rm.curation.curate import curate
    from themis_rm.curation.settings import CurateSettings
    from themis_rm.messages import conversation
    from themis_rm.mining.repositories import mine_repositories
    from themis_rm.mining.settings import MineSettings
    from themis_rm.pipeline import ExecutorSettings
    from themis_rm.prompts import built_in
    from themis_rm.storage.parquet import read_rows

    mine_repositories(repos, scratch / "mined", MineSettings(), ExecutorSettings())
    curate(scratch / "mined" / "commits", None, scratch / "curated", CurateSettings(), ExecutorSettings())
    rows = sorted(read_rows(scratch / "curated" / "pairs"), key=lambda row: row["id"])
    lengths = []
    for row in rows:
        both = tokenizer([row["chosen"], row["rejected"]], add_special_tokens=False, verbose=False)["input_ids"]
        lengths.append([len(ids) for ids in both])
    taken: list[int] = []
    for limit in range(64, 64 + max(map(max, lengths), default=0), 64):
        fitting = list(islice((i for i, both in enumerate(lengths) if max(both) <= limit), count))
        if len(fitting) == count and sum(sum(lengths[i]) for i in fitting) <= MEAN * 2 * count:
            taken, longest = fitting, limit
    if not taken:
        sys.exit(f"{len(rows)} pairs are too few or too long. Pass more repositories to --repos.")
    mean = sum(sum(lengths[i]) for i in taken) / (2 * count)
    print(f"pairs: {count} of {len(rows)}, at most {longest} tokens a response, {mean:.0f} on average")
    prompts = built_in()
    return [
        conversation(prompts.render([criterion(row["criteria"][0])]), row["instruction"], row[side])
        for first in range(0, count, BATCH if apart else 1)
        for side in ("chosen", "rejected")
        for row in (rows[i] for i in taken[first : first + (BATCH if apart else 1)])
    ]


def candidates(file: Path) -> list[Talk]:
    """Return 40 responses to one problem."""
    from themis_rm.criteria import criterion
    from themis_rm.messages import conversation
    from themis_rm.prompts import built_in

    system = built_in().render([criterion("FC")])
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            different = list(dict.fromkeys(row["completions"]))
            if len(different) >= CANDIDATES:
                print(f"candidates: {CANDIDATES} of problem {row['id']}")
                return [conversation(system, row["description"], answer) for answer in different[:CANDIDATES]]
    sys.exit(f"{file} has no problem with {CANDIDATES} different candidates.")


def ours(folder: Path, talks: list[Talk], batch_tokens: int | None) -> tuple[float, float, list[float | None]]:
    """Score with Themis; return seconds, CPU seconds and rewards."""
    from themis_rm.models.loading import load_model
    from themis_rm.models.settings import ModelSettings

    model = load_model(folder, ModelSettings(batch_tokens=batch_tokens))
    model.score(talks[:2])
    started, busy = time.perf_counter(), time.process_time()
    scores = model.score(talks)
    return time.perf_counter() - started, time.process_time() - busy, [score.reward for score in scores]


def plain(folder: Path, talks: list[Talk], size: int) -> tuple[float, float, list[float | None]]:
    """Score with a padded loop over plain transformers; return the same."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    dtype = torch.float32 if device == "cpu" else "auto"
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype).to(device).eval()
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id

    @torch.inference_mode()
    def batch(part: list[Talk]) -> list[float]:
        texts = [tokenizer.apply_chat_template(talk, tokenize=False) for talk in part]
        inputs = tokenizer(texts, padding=True, add_special_tokens=False, return_tensors="pt").to(device)
        return model(**inputs).logits[:, 0].float().tolist()

    batch(talks[:2])
    started, busy = time.perf_counter(), time.process_time()
    rewards: list[float | None] = []
    for first in range(0, len(talks), size):
        rewards += batch(talks[first : first + size])
    return time.perf_counter() - started, time.process_time() - busy, rewards


def child(side: str, folder: Path, job: Path, batch_tokens: int | None) -> None:
    """Run one side in this process; print seconds, rewards and peak memory as JSON."""
    import torch

    talks = json.loads(job.read_text(encoding="utf-8"))
    seconds, busy, rewards = ours(folder, talks, batch_tokens) if side == "ours" else plain(folder, talks, int(side))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    on_gpu = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
    print(json.dumps({"seconds": seconds, "busy": busy, "rewards": rewards, "peak_mib": peak, "gpu_mib": on_gpu}))


def measure(side: str, folder: Path, job: Path, batch_tokens: int | None) -> dict[str, Any]:
    """Run one side in a new process."""
    command = [sys.executable, __file__, "--side", side, "--model", str(folder), "--job", str(job)]
    command += ["--batch-tokens", str(batch_tokens)] if batch_tokens else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{side} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(job: Path, folder: Path, talks: list[Talk], options: argparse.Namespace) -> None:
    """Run both sides on a job and print seconds, memory and the ratio."""
    job.write_text(json.dumps(talks), encoding="utf-8")
    best: dict[str, dict[str, Any]] = {}
    for _ in range(options.rounds):
        for side in ("ours", str(BATCH)):
            found = measure(side, folder, job, options.batch_tokens)
            if side not in best or found["seconds"] < best[side]["seconds"]:
                best[side] = found
    alone = measure("1", folder, job, None)["rewards"]
    for side, found in best.items():
        label = "themis-rm" if side == "ours" else f"plain, batch {side}"
        differences = [abs(a - b) for a, b in zip(found["rewards"], alone, strict=True)]
        memory = f"{found['peak_mib']:.0f} MiB" + (f", GPU {found['gpu_mib']:.0f} MiB" if found["gpu_mib"] else "")
        time_taken = f"{found['seconds']:.2f} s ({found['busy']:.2f} s CPU)"
        print(f"{label}: {time_taken}, peak memory {memory}, maximum difference from batch 1: {max(differences):.1e}")
    print(f"{job.stem}: {len(talks)} conversations, largest score {max(map(abs, alone)):.2f}")
    print(f"ratio: {best[str(BATCH)]['seconds'] / best['ours']['seconds']:.2f}", flush=True)


def main() -> None:
    """Prepare the jobs and run them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", nargs="+", default=[], help="git histories to take pairs from")
    parser.add_argument("--candidates", type=Path, help="JSONL file with problems and their candidates")
    parser.add_argument("--model", help="checkpoint folder; by default a random Qwen3")
    parser.add_argument("--tokenizer", help="tokenizer directory of the random model")
    parser.add_argument("--batch-tokens", type=int, help="maximum tokens per batch of themis-rm")
    parser.add_argument("--pairs", type=int, default=200, help="how many pairs")
    parser.add_argument("--apart", action="store_true", help="alternate batches of chosen and of rejected responses")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        child(options.side, Path(options.model), options.job, options.batch_tokens)
        return
    if not (options.repos or options.candidates):
        parser.error("set --repos, --candidates or both")
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = Path(options.model or scratch / "model")
        source = options.model or options.tokenizer
        tokenizer = AutoTokenizer.from_pretrained(source) if source else train_tokenizer()
        print(f"model: {options.model or build(folder, tokenizer)}; {os.cpu_count()} processors")
        if options.repos:
            compare(
                scratch / "pairs.json",
                folder,
                commit_pairs(options.repos, tokenizer, scratch, options.pairs, options.apart),
                options,
            )
        if options.candidates:
            compare(scratch / "candidates.json", folder, candidates(options.candidates), options)


if __name__ == "__main__":
    main()
