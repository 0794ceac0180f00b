"""Compare the figures of external benchmarks with the functions of their authors, on random scores.

Needs clones of the authors' repositories; their code is read from there and not part of this project:

    python benchmarks/external_figures.py --rewardbench DIR --rm-bench DIR --judgebench DIR

The last line is the largest difference.
"""

from __future__ import annotations

import argparse
import ast
import random
import subprocess
import typing
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS
from themis_rm.evaluation.external.benchmarks.rewardbench import PRIOR_SETS, SECTIONS
from themis_rm.evaluation.external.candidates import ScoredSet

Differences = Iterator[tuple[str, float, float]]
"""Name of a figure, ours, the authors'."""


def read_source(repository: Path, path: str) -> str:
    """Return a file of the newest commit of a clone, which may be bare."""
    command = ["git", "-C", str(repository), "show", f"HEAD:{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def load_functions(source: str, *names: str) -> dict[str, Any]:
    """Return functions of a module without running the rest of it, which imports models."""
    module = ast.parse(source)
    module.body = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name in names]
    scope: dict[str, Any] = {**vars(typing), "np": np, "defaultdict": defaultdict, "print": lambda *_: None}
    exec(compile(module, "peer", "exec"), scope)
    return scope


class Scores:
    """Random scores; every second run has few values, so that many tie."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.coarse = seed % 2 == 1

    def draw(self, count: int) -> list[float]:
        """Return scores."""
        return [float(self.random.randrange(4)) if self.coarse else self.random.gauss(0, 1) for _ in range(count)]


def figures(name: str, rows: list[tuple[dict[str, Any], list[float]]]) -> dict[str, float]:
    """Return our figures of a benchmark from published rows with scores."""
    benchmark = EXTERNAL_BENCHMARKS.get(name)
    sets = [ScoredSet(benchmark.read(row), tuple(scores)) for row, scores in rows]
    return {figure.name: figure.value for figure in benchmark.figures(sets)}


def rewardbench(repository: Path, scores: Scores) -> Differences:
    """Compare sections, their mean, and the mean with the prior sets."""
    constants: dict[str, Any] = {}
    exec(read_source(repository, "rewardbench/constants.py"), constants)
    sections = load_functions(read_source(repository, "rewardbench/utils.py"), "calculate_scores_per_section")
    rows, wins = [], defaultdict(list)
    for subset in [*(name for section in SECTIONS.values() for name in section), *PRIOR_SETS]:
        for number in range(scores.random.randint(1, 6)):
            pair = scores.draw(2)
            rows.append(({"prompt": "p", "chosen": "a", "rejected": "b", "subset": subset, "id": number}, pair))
            wins[subset].append(1 if pair[0] > pair[1] else 0)
    means = {subset: sum(values) / len(values) for subset, values in wins.items()}
    theirs = sections["calculate_scores_per_section"](constants["EXAMPLE_COUNTS"], constants["SUBSET_MAPPING"], means)
    core = figures("rewardbench", [row for row in rows if row[0]["subset"] not in PRIOR_SETS])
    for name, value in theirs.items():
        yield f"rewardbench {name}", core[name], value
    yield "rewardbench overall", core["overall"], float(np.mean(list(theirs.values())))
    prior = float(np.mean([means[subset] for subset in PRIOR_SETS]))
    average = float(np.average([*theirs.values(), prior], weights=[2, 2, 2, 2, 1]))
    yield "rewardbench with prior sets", figures("rewardbench", rows)["overall"], average


def rewardbench2(repository: Path, scores: Scores) -> Differences:
    """Compare subsets, Ties included, and their mean."""
    source = read_source(repository, "rewardbench/utils.py")
    ties = load_functions(source, "_compute_prompt_stats", "process_single_model")["process_single_model"]

    class Rows(list[dict[str, Any]]):
        column_names: typing.ClassVar[list[str]] = []

        def add_column(self, *_: Any) -> Rows:
            return self

    rows, results, tied = [], defaultdict(list), Rows()
    for subset in ("Factuality", "Precise IF", "Math", "Safety", "Focus"):
        for number in range(scores.random.randint(2, 8)):
            drawn = scores.draw(4)
            row = {"prompt": "p", "chosen": ["a"], "rejected": ["b"] * 3, "subset": subset, "id": f"{subset}{number}"}
            rows.append((row, drawn))
            best = np.max(drawn)
            results[subset].append(1 / np.sum(np.array(drawn) == best) if drawn[0] == best else 0)
    for number in range(scores.random.randint(2, 8)):
        for kind, correct in (("ref", 1), ("tied", scores.random.randint(2, 5))):
            wrong = scores.random.randint(1, 4)
            drawn = [score + (1.5 if at < correct else 0) for at, score in enumerate(scores.draw(correct + wrong))]
            row = {"prompt": "p", "chosen": ["a"] * correct, "rejected": ["b"] * wrong, "subset": "Ties"}
            rows.append(({**row, "id": f"{kind}:{number}"}, drawn))
            tied.append({"id": f"{kind}:{number}", "scores": drawn, "num_correct": correct})
    with np.errstate(all="ignore"):
        theirs = {subset: sum(values) / len(values) for subset, values in results.items()} | {"Ties": ties(tied)[1]}
    ours = figures("rewardbench2", rows)
    for name, value in theirs.items():
        yield f"rewardbench2 {name}", ours[name], value
    yield "rewardbench2 overall", ours["overall"], float(np.mean(list(theirs.values())))


def rm_bench(repository: Path, scores: Scores) -> Differences:
    """Compare levels, domains and the total."""
    names = {"hard_acc": "hard", "normal_acc": "normal", "easy_acc": "easy", "total_avg_acc": "overall"}
    source = read_source(repository, "scripts/utils.py")
    compute = load_functions(source, "compute_accuracy", "split_dataset_by_domain")["compute_accuracy"]
    rows, theirs = [], []
    for domain in ("chat", "code", "math", "safety-refuse", "safety-response"):
        for number in range(scores.random.randint(1, 7)):
            drawn = scores.draw(6)
            row = {"prompt": "p", "chosen": ["a"] * 3, "rejected": ["b"] * 3, "domain": domain, "id": number}
            rows.append((row, drawn))
            theirs.append({"score_chosen": drawn[:3], "score_rejected": drawn[3:], "domain": domain})
    ours = figures("rm-bench", rows)
    for name, value in compute(theirs).items():
        yield f"rm-bench {names.get(name, name)}", ours[names.get(name, name)], float(value)


def judgebench(repository: Path, scores: Scores) -> Differences:
    """Compare categories and the total in both orders."""
    source = read_source(repository, "utils/metrics.py")
    compute = load_functions(source, "flip_judgment", "compute_final_metrics")["compute_final_metrics"]
    sources = {"mmlu-pro-law": "Knowledge", "livebench-reasoning": "Reasoning", "livebench-math": "Math"}
    sources["livecodebench"] = "Coding"
    rows, pairs = [], []
    for kind in sources:
        for number in range(scores.random.randint(1, 7)):
            first, second = scores.draw(2)
            label = scores.random.choice(["A>B", "B>A"])
            row = {"question": "q", "response_A": "a", "response_B": "b", "label": label, "source": kind}
            drawn = [first, second] if label == "A>B" else [second, first]
            rows.append(({**row, "pair_id": f"{kind}{number}"}, drawn))
            # Both orders, as the authors decide for a reward model.
            orders = [{"decision": "A>B" if a > b else "B>A"} for a, b in ((first, second), (second, first))]
            pairs.append({"source": kind, "label": label, "judgments": orders})
    ours = figures("judgebench", rows)
    for kind, name in [*sources.items(), ("", "overall")]:
        value = compute(pairs, True, include_fn=lambda pair, kind=kind: pair["source"].startswith(kind))
        yield f"judgebench {name}", ours[name], value / 100


def main() -> None:
    """Compare on 200 sets of random scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    benchmarks = {"rewardbench": [rewardbench, rewardbench2], "rm-bench": [rm_bench], "judgebench": [judgebench]}
    for name in benchmarks:
        parser.add_argument(f"--{name}", type=Path, help=f"clone of the repository of {name}")
    arguments = vars(parser.parse_args())
    largest: dict[str, float] = defaultdict(float)
    for name, functions in benchmarks.items():
        repository = arguments[name.replace("-", "_")]
        for seed in range(200 if repository else 0):
            for function in functions:
                for figure, ours, theirs in function(repository, Scores(seed)):
                    largest[figure] = max(largest[figure], abs(ours - theirs))
    for figure, difference in largest.items():
        print(f"{figure:32} {difference:.1e}")
    print(f"largest difference {max(largest.values(), default=float('nan')):.1e}")


if __name__ == "__main__":
    main()
