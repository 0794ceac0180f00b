"""Pages of ``themis-rm models show``: a published model, a checkpoint directory, a baseline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.criteria import CRITERIA
from themis_rm.errors import CheckpointError, UserError

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint
    from themis_rm.models.description import Description
    from themis_rm.models.family import Family
    from themis_rm.models.published import PublishedModel

UNKNOWN = "unknown"
RUBRIC = "rubric"

BUILT_IN: dict[str, tuple[str, ...]] = {
    "length": (
        "number of characters of the response",
        "The longer response gets the higher reward. A model that is not clearly better than this baseline has learned "
        "nothing that the benchmark can show.",
        "themis-rm evaluate --model length --out runs/length",
    ),
    "random": (
        "a pseudo-random number",
        "A number in [0, 1) that depends only on the text of the conversation and on model.seed.",
        "themis-rm evaluate --model random --out runs/random",
        "--set model.seed=0",
    ),
    "likelihood": (
        "log-probability of the answer under a causal language model",
        "likelihood:MODEL is the mean log-probability of the answer's tokens under any causal language model, a "
        "directory or hub id; likelihood-sum:MODEL is the sum. It shows what a model knows about good code without any "
        "training on preferences.",
        "themis-rm evaluate --model length --out runs/baselines",
        "--set baselines=[length,likelihood:Qwen/Qwen2.5-Coder-0.5B]",
    ),
    "ngrams-crossfit": (
        "bag of n-grams, Bradley-Terry",
        "Fitted on the benchmark itself; each part is scored by a fit on the other parts. It shows how much surface "
        "features reveal about the labels. 'themis-rm run' also fits one on the training data and keeps it with the "
        "checkpoint as baselines/ngrams.",
        "themis-rm evaluate --model length --out runs/baselines",
        "--set baselines=[ngrams-crossfit]",
    ),
    RUBRIC: (
        "turns any LLM into a judge",
        "Asks any model behind an OpenAI-compatible URL to rate responses by the built-in rubric. The reward is the "
        "expected score over the tokens of the score where the server returns log-probabilities, so ties are rare.",
        "themis-rm score solution.py --model MODEL",
        "--set model.judge.url=http://localhost:8000/v1",
        "--set model.judge.interface=rubric",
    ),
}
"""Name -> a few words, a description, the parts of a command."""

_SYSTEM = {
    "native": "native: the chat template supports it",
    "folded": "folded: the chat template does not support it, so it is put before the first user message (recorded)",
    "dropped": "dropped: the chat template omits it (recorded)",
}
_CODE = {
    "none": "none",
    "replaced": "in the repository, not executed: the family replaces it",
    "needed": "required, and not replaced by a supported family",
}
_WEIGHTS = {"pickle": "pickle files only", "mixed": "safetensors, with pickle files for the head"}


@dataclass(frozen=True)
class ModelPage:
    """The page of one model.

    Attributes:
        title: Name and location.
        facts: Name and value of each fact.
        about: Sentences: a description, or the published figures.
        commands: Commands that use the model, each as its parts.
        warnings: What to know before using it.
    """

    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def renderables(self, width: int) -> Iterator[Any]:
        """Yield tables and lines for a terminal; commands can be copied and pasted."""
        from rich.table import Table
        from rich.text import Text

        yield self.title
        if self.facts:
            grid = Table.grid(padding=(0, 2))
            grid.add_column(justify="right", no_wrap=True)
            grid.add_column(overflow="fold")
            for name, value in self.facts:
                grid.add_row(name, value)
            yield ""
            yield grid
        for number, text in enumerate(self.about):
            yield Text(text if number else f"\n{text}")
        for command in self.commands:
            yield Text(f"\n{join_command(command, width)}", no_wrap=True, overflow="ignore")
        for number, text in enumerate(self.warnings):
            yield Text(f"! {text}" if number else f"\n! {text}")


def join_command(parts: list[str], width: int) -> str:
    """Join the parts of a shell command, with line continuations where a line would be too long."""
    lines = [f"  {parts[0]}"]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 3 > width:
            lines[-1] += " \\"
            lines.append(f"      {part}")
        else:
            lines[-1] += f" {part}"
    return "\n".join(lines)


def built_in_page(name: str) -> ModelPage:
    """Return the page of a baseline or of the built-in judge."""
    short, about, *command = BUILT_IN[name]
    return ModelPage(f"{name}: {short}", about=[about], commands=[command])


def embedded_page() -> ModelPage:
    """Return the page of the model in this package: the facts of its directory, what was measured, a command.

    Raises:
        UserError: This installation does not contain it, or its base is not installed.
    """
    from themis_rm.models import embedded

    page = checkpoint_page(embedded.find_embedded())
    commands = [["themis-rm score", "solution.py", f"--model {embedded.NAME}"]]
    return replace(page, title=embedded.NAME, about=[embedded.describe_embedded()], commands=commands)


def published_page(row: PublishedModel) -> ModelPage:
    """Return the page of a published model: facts, figures, commands, warnings."""
    return ModelPage(
        f"{row.run}  https://huggingface.co/{row.hub}",
        _published_facts(row),
        list(_figures(row)),
        list(_commands(row)),
        list(_warnings(row)),
    )


def checkpoint_page(path: Path) -> ModelPage:
    """Return the page of a checkpoint directory, from its files only, not from its name.

    Raises:
        CheckpointError: The directory does not contain a readable model.
    """
    from themis_rm.models.adapters import open_checkpoint
    from themis_rm.models.checkpoint import config_value
    from themis_rm.models.family import detect_family
    from themis_rm.models.loading import NGRAMS, PROMPTS
    from themis_rm.models.prompt_sources import UNKNOWN as UNKNOWN_PROMPTS
    from themis_rm.models.settings import ModelSettings

    command = ["themis-rm", "score", "solution.py", "--model", str(path)]
    if (path / NGRAMS).is_file():
        return ModelPage(str(path), [("family", "n-grams"), ("size", _size(path))], commands=[command])
    weights = _weights_of(path)
    checkpoint = open_checkpoint(path, ModelSettings())
    config = checkpoint.config
    family = None if weights == "pickle files" else detect_family(checkpoint)
    described, warnings = _describe(checkpoint, family)
    positions = config.get("max_position_embeddings")
    facts = [
        ("family", family.name if family else UNKNOWN),
        ("architecture", config_value(config, "architectures") or UNKNOWN),
        ("dtype", str(config.get("dtype") or config.get("torch_dtype") or UNKNOWN)),
        *((name, str(value)) for name, value in checkpoint.facts().items()),
        *([("labels", ", ".join(described.labels))] if described and len(described.labels) > 1 else []),
        ("positions", f"{positions:,}" if isinstance(positions, int) else UNKNOWN),
        ("longest input", _longest_input(described)),
        ("chat template", "yes" if _has_template(checkpoint.tokenizer_folder) else "no"),
        ("begins with BOS", _bos(described)),
        ("weights", weights),
        ("size", _size(path)),
        ("calibration", _calibration(path)),
        ("criteria prompts", "in prompts.json" if (path / PROMPTS).is_file() else UNKNOWN_PROMPTS),
    ]
    if "pickle" in weights:
        command.append("--set model.pickled_weights=true")
    return ModelPage(str(path), facts, commands=[command], warnings=warnings)


def _describe(checkpoint: Checkpoint, family: Family | None) -> tuple[Description | None, list[str]]:
    """Read head, configuration and tokenizer; return their facts, and what cannot be loaded or must be chosen."""
    if family is None:
        return None, ["Its weights are pickle files and were not read. Allow them if you trust their origin."]
    from themis_rm.models.description import describe_checkpoint

    try:
        described = describe_checkpoint(checkpoint, family)
    except UserError as error:
        return None, [f"It cannot be loaded: {error}"]
    if len(described.labels) > 1:
        return described, ["It has several labels: choose the reward with model.label or model.label_weights."]
    return described, []


def _longest_input(described: Description | None) -> str:
    """Return the default limit on tokens and the one that the model has, with the files that set them."""
    if described is None or described.longest is None:
        return UNKNOWN
    longest, positions = described.longest, described.positions
    text = f"{longest.tokens:,} tokens ({longest.origin})"
    if positions is None:
        return f"{text}; model.max_length can be larger"
    if positions.tokens > longest.tokens:
        return f"{text}; model.max_length up to {positions.tokens:,} ({positions.origin})"
    return text


def _bos(described: Description | None) -> str:
    if described is None or "bos_tokens" not in described.facts:
        return UNKNOWN if described is None else "as the tokenizer encodes a sentence pair"
    count, adds = described.facts["bos_tokens"], described.facts["tokenizer_adds_bos"] == "yes"
    if count:
        return "yes" if count == 1 else f"yes, with {count}"
    return "no, though the tokenizer adds one (see model.bos)" if adds else "no"


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
            ("tokenizer", f"from {row.tokenizer}" if row.tokenizer else "in its repository"),
            ("weights", _WEIGHTS.get(row.weights, row.weights)),
            ("code", _CODE.get(row.code, "")),
        ]
    elif row.trained:
        facts.append(("longest input", _length(row)))
    facts.append(("checked", _checked(row)))
    shown = [(name, value or UNKNOWN) for name, value in facts if value or name != "also called"]
    return [*shown, ("facts from", _fact_sources(row))]


def _family(row: PublishedModel) -> str:
    if row.interface:
        return f"generative judge, interface {row.interface}"
    return row.family or "not supported: no family computes its head"


def _length(row: PublishedModel) -> str:
    positions = [f"{row.positions:,} positions"] if row.positions else []
    return ", ".join([*positions, *([f"trained with up to {row.trained:,} tokens"] if row.trained else [])])


def _checked(row: PublishedModel) -> str:
    if not row.golden:
        return f"no. {row.gap}"
    if row.interface:
        return f"in part. {row.gap}"
    how = f"against the golden scores '{row.golden}' of a tiny checkpoint of the same architecture"
    return f"in part, {how}. {row.gap}" if row.gap else f"yes, {how}"


def _fact_sources(row: PublishedModel) -> str:
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for column, source in row.sources.items():
        columns[source].append(column)
    return "; ".join(f"{source}: {', '.join(sorted(names))}" for source, names in columns.items())


def _figures(row: PublishedModel) -> Iterator[str]:
    from themis_rm.evaluation.reference.runs import OVERALL, load

    run = load().runs[row.run]
    if run.ties is None:
        ties = "ties unknown (its pair scores are not public)"
    elif run.ties == 0:
        ties = "no ties"
    else:
        ties = f"{run.ties:g} % ties, {run.accuracies[OVERALL] + run.ties / 2:.2f} % if a tie counts one half"
    yield f"CodeRewardBench: {run.accuracies[OVERALL]:.2f} % of {run.rows:,} pairs (strict); {ties}"
    shares = (f"{item.short} {run.accuracies[item.benchmark_aspect]:.2f}" for item in CRITERIA)
    yield "  ".join(shares)


def _commands(row: PublishedModel) -> Iterator[list[str]]:
    settings = [f"--set {key}={value}" for key, value in _settings(row).items()]
    if row.interface:
        yield ["vllm serve", row.hub]
    yield ["themis-rm score solution.py", f"--model {row.hub}", *settings]
    prompts = "own" if row.interface or "own" in row.prompts else "none"
    out = f"--out runs/{row.run}"
    yield [
        "themis-rm evaluate",
        f"--model {row.hub}",
        f"--prompts {prompts}",
        out,
        *settings,
    ]


def _settings(row: PublishedModel) -> dict[str, str]:
    if row.interface:
        return {"model.judge.url": "http://localhost:8000/v1"}
    return {f"model.{key}": value for key, value in row.settings.items()}


def _warnings(row: PublishedModel) -> Iterator[str]:
    if row.interface:
        yield "Serve it first, for example with vLLM; any OpenAI-compatible URL works."
    elif row.family:
        yield "For reproducible figures, pin the commit: --set model.revision=COMMIT."
    if row.scoring:
        yield row.scoring
    if row.note:
        yield f"Published figures: {row.note}"
    if row.weights in {"pickle", "mixed"}:
        yield "Some of its weights are pickle files. Allow them if you trust their origin; only tensors are read."
    if row.interface is None and "own" in row.prompts:
        from themis_rm.models.prompt_sources import TRAINED_WITH_OTHERS

        yield f"Criteria prompts, if its repository has no prompts.json: {TRAINED_WITH_OTHERS}."
    if row.interface is None and row.family and "own" not in row.prompts:
        yield "It was not trained with criteria prompts: a score under one is out of distribution."
    guessed = [name for name, source in row.sources.items() if source == "memory" and name != "scoring"]
    if guessed:
        yield f"Not confirmed by a source: {', '.join(sorted(guessed))}."


def _weights_of(path: Path) -> str:
    if any(path.glob("*.safetensors")):
        return "safetensors and pickle files" if any(path.glob("*.pt")) else "safetensors"
    return "pickle files" if any(path.glob("*.bin")) or any(path.glob("*.pt")) else "none"


def _has_template(path: Path) -> bool:
    from themis_rm.models.json_files import read_json

    if (path / "chat_template.jinja").is_file():
        return True
    file = path / "tokenizer_config.json"
    config: dict[str, Any] = read_json(file) if file.is_file() else {}
    return bool(config.get("chat_template"))


def _calibration(path: Path) -> str:
    from themis_rm.models.calibration import CALIBRATION, read_calibration

    if not (path / CALIBRATION).is_file():
        return "none: 'themis-rm calibrate' adds probabilities"
    found = read_calibration(path / CALIBRATION, path)
    return f"{', '.join(found.curves)}, with {found.source.pairs:,} pairs of {found.source.name}"


def _size(path: Path) -> str:
    total = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    if not total:
        raise CheckpointError(f"{path} is empty.")
    return f"{total / 1e9:.2f} GB" if total >= 1e8 else f"{total / 1e6:.2f} MB"
