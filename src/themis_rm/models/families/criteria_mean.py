"""Reward models of this package with one output for each criterion, on the mean over the response.

The reward under criterion ``k`` is ``mean(w_k . h_t + c_k * log p(y_t | y_<t)) + b_k`` over the tokens of the response
and those that close it, where ``h_t`` are the hidden states of one or several layers. The checkpoint is a causal
language model, or the base that an adapter names, with two tensors and ``criteria_head.json`` more.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from themis_rm.criteria import criterion, is_criterion
from themis_rm.errors import CheckpointError
from themis_rm.models.criteria_head import CriteriaHead, CriteriaPrompts
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.json_files import read_json
from themis_rm.prompts import PromptSet, built_in

if TYPE_CHECKING:
    from themis_rm.models.chat import ChatEncoder
    from themis_rm.models.checkpoint import Checkpoint
    from themis_rm.models.layouts import BatchLayout
    from themis_rm.models.protocol import RewardModel
    from themis_rm.models.settings import ModelSettings

NAME = "criteria-mean"
WEIGHT, BIAS = "criteria_head.weight", "criteria_head.bias"
"""Names of the tensors: for each criterion the factor of the log-probability and those of the hidden states, shape
``[criteria, 1 + layers * hidden]``, and a constant, shape ``[criteria]``."""
HEAD_FILE = "criteria_head.json"
"""File with the criteria of the rows and the layers of the hidden states."""


@dataclass(frozen=True)
class HeadLayout:
    """What the rows and columns of a head belong to.

    Attributes:
        criteria: Short name of the criterion of each row.
        layers: Numbers of the layers below the last one whose hidden states are read, after those of the last one.
    """

    criteria: tuple[str, ...]
    layers: tuple[int, ...]


def read_layout(folder: Path) -> HeadLayout:
    """Return the content of ``criteria_head.json``.

    Raises:
        CheckpointError: There is no such file, or it does not name criteria and layers.
    """
    values = read_json(folder / HEAD_FILE) if (folder / HEAD_FILE).is_file() else {}
    criteria, layers = values.get("criteria"), values.get("layers", [])
    if not (isinstance(criteria, list) and criteria and isinstance(layers, list)):
        criteria = layers = [None]
    if not all(isinstance(name, str) and is_criterion(name) for name in criteria) or {*map(type, layers)} - {int}:
        raise CheckpointError(f"{folder} has no {HEAD_FILE} that names criteria and layers.", "Export the model again.")
    return HeadLayout(tuple(criterion(name).short for name in criteria), tuple(layers))


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the tensors of the head.

    Raises:
        CheckpointError: One of them has another shape, or ``criteria_head.json`` cannot be used.
    """
    names = frozenset({WEIGHT, BIAS})
    tensors = checkpoint.tensors(names)
    weight, bias = tensors[WEIGHT], tensors[BIAS]
    layout = read_layout(checkpoint.folder)
    text = checkpoint.config.get("text_config")
    width = (text if isinstance(text, dict) else checkpoint.config).get("hidden_size")
    width = width if isinstance(width, int) else 0
    needed = [len(layout.criteria), 1 + (1 + len(layout.layers)) * width]
    if list(weight.shape) != needed or list(bias.shape) != needed[:1]:
        raise CheckpointError(
            f"{checkpoint.folder} has '{WEIGHT}' of shape {list(weight.shape)} and '{BIAS}' of shape "
            f"{list(bias.shape)}, but {HEAD_FILE} is for {needed} and {needed[:1]}.",
            "Export the model again.",
        )
    return HeadSpec(CriteriaHead(weight, bias), names)


def load(
    checkpoint: Checkpoint, head: HeadSpec, settings: ModelSettings, name: str = "", repository: str = ""
) -> RewardModel:
    """Load the language model and the head, see :attr:`~themis_rm.models.family.Family.load`."""
    from themis_rm.models.decoder import default_name
    from themis_rm.models.protocol import ModelIdentity
    from themis_rm.models.token_rewards import load_token_reward_model, token_model_facts

    rows = read_layout(checkpoint.folder)
    file = checkpoint.folder / "prompts.json"
    prompts = PromptSet.from_file(file) if file.is_file() else built_in()

    def identify(layout: BatchLayout, encoder: ChatEncoder) -> ModelIdentity:
        facts = token_model_facts(checkpoint, layout, encoder, repository)
        more = [path for path in (file, checkpoint.folder / HEAD_FILE) if path.is_file()]
        digest = checkpoint.digest(*encoder.template_files, *more)
        outputs: dict[str, str | int] = {"outputs": ", ".join(rows.criteria)}
        return ModelIdentity(name or default_name(checkpoint.folder), NAME, digest, facts | outputs)

    selection = CriteriaPrompts(prompts, rows.criteria)
    return load_token_reward_model(checkpoint, head.head, settings, identify, head.head_tensors, selection, rows.layers)


FAMILIES.register(Family(NAME, load_head, tensors=(WEIGHT, BIAS), priority=1, load=load))
