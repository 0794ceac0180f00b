"""What ``themis-rm models show`` says of a published model, of a folder, and of what is built in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.cli.common import plain
from themis_rm.criteria import CRITERIA
from themis_rm.errors import CheckpointError

if TYPE_CHECKING:
    from rich.console import Console

    from themis_rm.models.family import Family
    from themis_rm.models.published import PublishedModel

UNKNOWN = "unknown"
RUBRIC = "rubric"

BUILT_IN: dict[str, tuple[str, ...]] = {
    "length": (
        "characters of the answer",
        "The longer answer wins. A model that is not clearly better has learned nothing that its benchmark can show.",
        "themis-rm evaluate --model length --out runs/length",
    ),
    "random": (
        "a draw from text and seed",
        "A number in [0, 1) that depends on the conversation's text and on model.seed alone.",
        "themis-rm evaluate --model random --out runs/random model.seed=0",
    ),
    "ngrams-crossfit": (
        "bag of n-grams, Bradley-Terry",
        "Fitted on the benchmark itself, each part scored by a fit on the others: what surface features give away. "
        "'themis-rm run' fits one on the training data too and keeps it beside the checkpoint as baselines/ngrams.",
        "themis-rm evaluate --model length --out runs/baselines baselines=[ngrams-crossfit]",
    ),
    RUBRIC: (
        "our own judge, for any LLM",
        "Any model behind an OpenAI-compatible URL, poll with our own rubric. Its reward is the expected score over "
        "the score's tokens where the server gives log-probabilities, so that ties all but vanish.",
        "themis-rm score solution.py --model MODEL",
        "--set model.judge.url=http://localhost:8000/v1",
        "--set model.judge.interface=rubric",
    ),
}
"""Name -> a few words, what it is, the parts of a command."""

_SYSTEM = {
    "native": "native: its chat template has a place for one",
    "folded": "folded: its template has no place for one, so it goes in front of the user's first message (recorded)",
    "dropped": "dropped: its template leaves it out (recorded)",
}
_CODE = {
    "none": "none",
    "replaced": "in the repository, not run: the family stands for it",
    "needed": "needed, and no family of ours stands for it",
}
_WEIGHTS = {"pickle": "pickles only", "mixed": "safetensors, and pickles for its head"}


@dataclass(frozen=True)
class Page:
    """What is told of a model.

    Attributes:
        title: Its name and where it is.
        facts: Name and value of each.
        about: Sentences: what it is, or its published figures.
        commands: What to type, each as its parts; a shell joins them with blanks.
        warnings: What to know before.
    """

    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def print(self, console: Console) -> None:
        """Print it; a command stays one that can be pasted."""
        from rich.table import Table

        console.print(plain(self.title), highlight=False, soft_wrap=True)
        if self.facts:
            grid = Table.grid(padding=(0, 2))
            grid.add_column(justify="right", no_wrap=True)
            grid.add_column(overflow="fold")
            for name, told in self.facts:
                grid.add_row(name, plain(told))
            console.print()
            console.print(grid)
        for told in self.about[:1]:
            console.print(f"\n{plain(told)}", highlight=False)
        for told in self.about[1:]:
            console.print(plain(told), highlight=False)
        for command in self.commands:
            console.print(f"\n{plain(pasted(command, console.width))}", highlight=False, soft_wrap=True)
        for number, told in enumerate(self.warnings):
            console.print(f"{'' if number else chr(10)}! {plain(told)}", highlight=False)


def pasted(parts: list[str], width: int) -> str:
    """Join the parts of a command, broken where a line would be too long, as a shell takes it."""
    lines = [f"  {parts[0]}"]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 3 > width:
            lines[-1] += " \\"
            lines.append(f"      {part}")
        else:
            lines[-1] += f" {part}"
    return "\n".join(lines)


def built_in(name: str) -> Page:
    """Tell of a baseline or of our own judge."""
    short, what, *command = BUILT_IN[name]
    return Page(f"{name}: {short}", about=[what], commands=[command])


def published_model(row: PublishedModel) -> Page:
    """Tell all of a published model: facts, figures, commands, warnings."""
    return Page(
        f"{row.run}  https://huggingface.co/{row.hub}",
        _published_facts(row),
        list(_figures(row)),
        list(_commands(row)),
        list(_warnings(row)),
    )


def folder(path: Path) -> Page:
    """Tell what lies in a model folder; nothing is taken from its name.

    Raises:
        CheckpointError: It holds no model, or not a readable one.
    """
    from themis_rm.models.checkpoint import Checkpoint, config_value, read_json
    from themis_rm.models.family import detect_family, require_config
    from themis_rm.models.loading import NGRAMS, PROMPTS

    command = ["themis-rm", "score", "solution.py", "--model", str(path)]
    if (path / NGRAMS).is_file():
        return Page(str(path), [("family", "n-grams"), ("size", _size(path))], commands=[command])
    weights = _weights_of(path)
    config = read_json(path / "config.json") if (path / "config.json").is_file() else {}
    require_config(path)
    family = None if weights == "pickles" and config else detect_family(Checkpoint(path))
    positions = config.get("max_position_embeddings")
    facts = [
        ("family", family.name if family else UNKNOWN),
        ("architecture", config_value(config, "architectures") or UNKNOWN),
        ("dtype", str(config.get("dtype") or config.get("torch_dtype") or UNKNOWN)),
        ("positions", f"{positions:,}" if isinstance(positions, int) else UNKNOWN),
        ("chat template", "yes" if _has_template(path) else "no"),
        ("weights", weights),
        ("size", _size(path)),
        ("criteria prompts", "its own (prompts.json)" if (path / PROMPTS).is_file() else "the built-in set"),
    ]
    if "pickles" in weights:
        command.append("--set model.pickled_weights=true")
    return Page(str(path), facts, commands=[command], warnings=list(_folder_warnings(path, family)))


def _folder_warnings(path: Path, family: Family | None) -> Iterator[str]:
    if family is None:
        yield "Its weights are pickles, so they were not looked into; where you trust their origin, allow them."
        return
    from themis_rm.models.checkpoint import Checkpoint

    try:
        family.load_head(Checkpoint(path))
    except CheckpointError as error:
        yield f"As it is, it cannot be loaded: {error}"


def _published_facts(row: PublishedModel) -> list[tuple[str, str]]:
    names = [name for name in row.names if name not in {row.run, row.hub}]
    facts = [
        ("also called", ", ".join(names)),
        ("family", _family(row)),
        ("size", f"{row.parameters:g} billion parameters, about {2 * row.parameters:,.0f} GB in 16 bits"),
        ("trained from", row.base),
        ("license", row.license),
    ]
    if row.interface is None:
        prompts = ", ".join(row.prompts)
        facts += [
            ("criteria prompts", "not trained with any" if prompts == "none" else f"trained with {prompts}"),
            ("system message", _SYSTEM.get(row.system, "")),
            ("longest input", _length(row)),
            ("dtype", row.dtype),
            ("attention", "must cap its logits (eager or FlexAttention)" if row.attention == "softcap" else "any"),
            ("tokenizer", f"that of {row.tokenizer}" if row.tokenizer else "in its repository"),
            ("weights", _WEIGHTS.get(row.weights, row.weights)),
            ("code", _CODE.get(row.code, "")),
        ]
    elif row.trained:
        facts.append(("longest input", _length(row)))
    facts.append(("checked", _checked(row)))
    told = [(name, value or UNKNOWN) for name, value in facts if value or name != "also called"]
    return [*told, ("learned from", _learned(row))]


def _family(row: PublishedModel) -> str:
    if row.interface:
        return f"generative judge, interface {row.interface}"
    return row.family or "none of ours computes its head"


def _length(row: PublishedModel) -> str:
    told = [f"{row.positions:,} positions"] if row.positions else []
    return ", ".join([*told, *([f"trained with up to {row.trained:,} tokens"] if row.trained else [])])


def _checked(row: PublishedModel) -> str:
    if not row.golden:
        return f"no. {row.gap}"
    if row.interface:
        return f"in part. {row.gap}"
    told = f"against the golden '{row.golden}', a tiny checkpoint of the same form"
    return f"in part, {told}. {row.gap}" if row.gap else f"yes, {told}"


def _learned(row: PublishedModel) -> str:
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for column, source in row.sources.items():
        columns[source].append(column)
    return "; ".join(f"{source}: {', '.join(sorted(names))}" for source, names in columns.items())


def _figures(row: PublishedModel) -> Iterator[str]:
    from themis_rm.evaluation.reference.runs import OVERALL, load

    told = load().runs[row.run]
    if told.ties is None:
        ties = "ties unknown (its pair scores are not public)"
    elif told.ties == 0:
        ties = "no ties"
    else:
        ties = f"{told.ties:g} % ties, {told.accuracies[OVERALL] + told.ties / 2:.2f} % if a tie counts half"
    yield f"CodeRewardBench: {told.accuracies[OVERALL]:.2f} % of {told.rows:,} pairs (strict); {ties}"
    shares = (f"{item.short} {told.accuracies[item.benchmark_aspect]:.2f}" for item in CRITERIA)
    yield "  ".join(shares)


def _commands(row: PublishedModel) -> Iterator[list[str]]:
    settings = [f"{key}={value}" for key, value in _settings(row).items()]
    if row.interface:
        yield ["vllm serve", row.hub]
    yield ["themis-rm score solution.py", f"--model {row.hub}", *(f"--set {pair}" for pair in settings)]
    prompts = "own" if row.interface or "own" in row.prompts else "none"
    out = f"--out runs/{row.run}"
    yield ["themis-rm evaluate", f"--model {row.hub}", f"--prompts {prompts}", out, *settings]


def _settings(row: PublishedModel) -> dict[str, str]:
    if row.interface:
        return {"model.judge.url": "http://localhost:8000/v1"}
    return {f"model.{key}": value for key, value in row.settings.items()}


def _warnings(row: PublishedModel) -> Iterator[str]:
    if row.interface:
        yield "Serve it first: any OpenAI-compatible URL will do, vLLM's is one."
    elif row.family:
        yield "For figures to be repeated, pin the commit: model.revision=COMMIT."
    if row.scoring:
        yield row.scoring
    if row.note:
        yield f"Published figures: {row.note}"
    if row.weights in {"pickle", "mixed"}:
        yield "Some of its weights are pickles. Allow them where you trust their origin: tensors alone are taken."
    if row.interface is None and row.family and "own" not in row.prompts:
        yield "It was not trained with criteria prompts: a score under one is out of distribution."
    guessed = [name for name, source in row.sources.items() if source == "memory" and name != "scoring"]
    if guessed:
        yield f"From memory, not from a source that could be read: {', '.join(sorted(guessed))}."


def _weights_of(path: Path) -> str:
    if any(path.glob("*.safetensors")):
        return "safetensors, and pickles beside them" if any(path.glob("*.pt")) else "safetensors"
    return "pickles" if any(path.glob("*.bin")) or any(path.glob("*.pt")) else "none"


def _has_template(path: Path) -> bool:
    from themis_rm.models.checkpoint import read_json

    if (path / "chat_template.jinja").is_file():
        return True
    file = path / "tokenizer_config.json"
    said: dict[str, Any] = read_json(file) if file.is_file() else {}
    return bool(said.get("chat_template"))


def _size(path: Path) -> str:
    total = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    if not total:
        raise CheckpointError(f"{path} holds no files.")
    return f"{total / 1e9:.2f} GB" if total >= 1e8 else f"{total / 1e6:.2f} MB"
