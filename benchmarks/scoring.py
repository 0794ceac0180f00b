"""Time Themis' scorer against the loop that people write by hand, on the same weights and the same pairs.

    python benchmarks/scoring.py [--model DIR] [--benchmark authored|FILE] [--rounds 3]

The other side is plain transformers: batches of 8 in the order of the input, padded by the tokenizer,
``AutoModelForSequenceClassification``. Without ``--model`` a small Qwen3 is built from a seed. Each side runs in a
process of its own, in turns; the fastest round of each counts. Seconds are for scoring alone, tokenisation included,
loading and one warm-up batch left out. The last line is the ratio: plain seconds / our seconds.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH = 8
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build(folder: Path, hidden: int, layers: int) -> None:
    """Write a random one-label Qwen3 and a byte-level tokenizer trained on this repository."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast, Qwen3Config

    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trained = ByteLevelBPETokenizer()
    sources = sorted(str(path) for path in (Path(__file__).parents[1] / "src").rglob("*.py"))
    trained.train(sources, vocab_size=4096, special_tokens=specials, show_progress=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer,  # noqa: SLF001
        eos_token=specials[2],
        pad_token=specials[0],
        additional_special_tokens=specials,
        model_max_length=4096,
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 128,
        head_dim=64,
        max_position_embeddings=4096,
        num_labels=1,
        initializer_range=0.05,
        pad_token_id=tokenizer.pad_token_id,
    )
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)


def conversations(benchmark: str, repeat: int) -> list[list[dict[str, str]]]:
    """Return both answers of every pair under its own criterion's prompt, ``repeat`` times over."""
    from themis_rm.benchmark.evaluate import Prompting
    from themis_rm.benchmark.pairs import read_benchmark
    from themis_rm.prompts import built_in

    prompting = Prompting("own", built_in())
    return [talk for pair in read_benchmark(benchmark).pairs for talk in prompting.conversations(pair)] * repeat


def ours(folder: Path, talks: list[list[dict[str, str]]]) -> tuple[float, float, list[float | None]]:
    """Score with Themis; return seconds, seconds of processor time, and rewards."""
    from themis_rm.models.catalogue import load_model

    model = load_model(folder)
    model.score(talks[:BATCH])
    started, busy = time.perf_counter(), time.process_time()
    scores = model.score(talks)
    return time.perf_counter() - started, time.process_time() - busy, [score.reward for score in scores]


def plain(folder: Path, talks: list[list[dict[str, str]]]) -> tuple[float, float, list[float | None]]:
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
    def batch(part: list[list[dict[str, str]]]) -> list[float]:
        texts = [tokenizer.apply_chat_template(talk, tokenize=False) for talk in part]
        inputs = tokenizer(texts, padding=True, add_special_tokens=False, return_tensors="pt").to(device)
        return model(**inputs).logits[:, 0].float().tolist()

    batch(talks[:BATCH])
    started, busy = time.perf_counter(), time.process_time()
    rewards: list[float | None] = []
    for first in range(0, len(talks), BATCH):
        rewards += batch(talks[first : first + BATCH])
    return time.perf_counter() - started, time.process_time() - busy, rewards


def measure(side: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--model", str(folder), "--benchmark", options.benchmark]
    done = subprocess.run([*command, "--repeat", str(options.repeat)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{side} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def child(options: argparse.Namespace) -> None:
    """Be one side: print seconds, rewards and peak memory as JSON."""
    import torch

    run = ours if options.side == "ours" else plain
    seconds, busy, rewards = run(Path(options.model), conversations(options.benchmark, options.repeat))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    on_gpu = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
    print(json.dumps({"seconds": seconds, "busy": busy, "rewards": rewards, "peak_mib": peak, "gpu_mib": on_gpu}))


def main() -> None:
    """Run both sides in turns and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="checkpoint folder; by default a random Qwen3")
    parser.add_argument("--benchmark", default="authored")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=1, help="times that the pairs are gone through")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--side", choices=["ours", "plain"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        child(options)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.model or scratch)
        if not options.model:
            build(folder, options.hidden, options.layers)
            print(f"model: random Qwen3, hidden {options.hidden}, {options.layers} layers")
        best: dict[str, dict[str, Any]] = {}
        for _ in range(options.rounds):
            for side in ("ours", "plain"):
                found = measure(side, folder, options)
                if side not in best or found["seconds"] < best[side]["seconds"]:
                    best[side] = found
    rewards = list(zip(best["ours"]["rewards"], best["plain"]["rewards"], strict=True))
    scored = [abs(a - b) for a, b in rewards if a is not None and b is not None]
    print(f"conversations: {len(rewards)}, scored by both: {len(scored)}")
    print(f"largest score difference: {max(scored):.2e} (largest score {max(abs(b) for _, b in rewards):.2f})")
    for side, found in best.items():
        memory = f"{found['peak_mib']:.0f} MiB" + (f", GPU {found['gpu_mib']:.0f} MiB" if found["gpu_mib"] else "")
        rate = f"{found['busy']:.2f} s of processor time, {len(rewards) / found['seconds']:.1f}/s"
        print(f"{side:5}: {found['seconds']:.2f} s ({rate}), peak memory {memory}")
    print(f"ratio: {best['plain']['seconds'] / best['ours']['seconds']:.2f}")


if __name__ == "__main__":
    main()
