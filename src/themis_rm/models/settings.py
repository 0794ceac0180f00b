"""Settings for loading and running a reward model, here or behind a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from themis_rm.answers import AnswerMode
from themis_rm.endpoints.settings import ChatSettings, EndpointSettings
from themis_rm.settings import Settings

SystemRole = Literal["native", "folded", "dropped", "error"]
"""What happens to a system message: the chat template supports it, it is put in front of the first user message, it is
removed, or the conversation fails."""

ControlTokenMode = Literal["text", "published"]
Bos = Literal["template", "always", "never"]
LongInputs = Literal["refuse", "end", "head-tail", "windows-mean", "windows-min"]


class RemoteSettings(EndpointSettings):
    """A server that computes the rewards of a scalar model with the local tokenizer and chat template."""

    dialect: str
    """Wire format of the server: ``vllm-classify``, ``vllm-pooling``, ``sglang``, ``tei``, or one of a plugin."""
    max_concurrency: int = Field(default=8, ge=1)
    """Most requests in flight at the same time."""
    batch_size: int = Field(default=16, ge=1)
    """Conversations per request."""
    probabilities: bool = False
    """Accept a server whose values for all test conversations are between 0 and 1, as a sigmoid's are. The rewards of
    some models are in that range."""


class JudgeSettings(ChatSettings):
    """A generative reward model behind an OpenAI-compatible URL."""

    timeout: float = Field(default=300.0, gt=0)
    """Most seconds for one attempt of a request, from connecting to the last byte of the response."""
    max_tokens: int = Field(default=4096, ge=1)
    """Most tokens of a response, reasoning included."""
    interface: str = ""
    """Prompts, parser and score range: ``rubric``, ``ce-rm``, ``lmunit``, ``nemotron-genrm``, ``r3``, or one of a
    plugin; by default the interface of the published model, otherwise ``rubric``."""
    prompt_file: Path | None = None
    """YAML file with prompt templates that replace those of the interface."""
    system_role: Literal["auto", "native", "fold"] = "auto"
    """How the judge's system message is sent: ``native``, ``fold`` (in front of the first user message), or ``auto``:
    native, and if the server refuses it as ``model.system_role`` says. Recorded in the results."""
    fence: bool = True
    """Enclose request and response in tags with a number that neither of them can contain. ``false`` is the published
    form of ``lmunit``, which has no tags; a response may then write what looks like its own end."""
    reward: Literal["expected", "stated"] = "expected"
    """``expected``: the expected score under the log-probabilities of the score's tokens, if the server returns them;
    ``stated``: the score that the model wrote."""
    samples: int = Field(default=1, ge=1)
    """Responses sampled per conversation; their scores are averaged, failed ones are left out. More than one needs a
    temperature."""
    thinking: bool | None = None
    """Value of the chat template's ``enable_thinking``, for servers that support it; by default as the interface was
    published: off for ``ce-rm``, not sent for the others."""
    cache_path: Path | None = None
    """JSONL file that stores the judge's responses. A cached conversation is not sent again, so that an interrupted run
    resumes. Scores are the same with and without it."""

    def model_post_init(self, _: Any) -> None:
        """Check combinations of settings.

        Raises:
            ValueError: Several samples are requested at temperature 0, where all are equal.
        """
        if self.samples > 1 and self.temperature == 0:
            raise ValueError(f"{self.samples} samples at temperature 0 are all equal: set temperature, such as 0.7")


class ModelSettings(Settings):
    """How a model is loaded and run; a baseline without weights uses ``seed`` only."""

    synonyms: ClassVar[dict[str, str]] = {
        "truncation": "long_inputs",
        "truncation_side": "long_inputs",
        "overflow": "long_inputs",
        "max_model_len": "max_length",
        "model_max_length": "max_length",
        "max_seq_length": "max_length",
        "torch_dtype": "dtype",
    }

    device: str = "auto"
    """``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:N``, ``xpu``, ``mps``, or ``split``: layers spread
    over all GPUs and, if these are too small, the CPU."""
    dtype: Literal["auto", "fastest", "float32", "bfloat16", "float16"] = "auto"
    """Precision of weights and activations; ``auto`` is the checkpoint's on a GPU and float32 on a CPU, ``fastest`` is
    bfloat16 on devices with units for it (GPUs since Ampere, CPUs with AMX or AVX512-BF16), otherwise float32."""
    max_length: int | None = None
    """Most tokens of a conversation; by default the smaller of the model's positions (with the factor of its rotary
    embeddings) and the length in ``tokenizer_config.json``. Only the model's positions are a hard limit."""
    long_inputs: LongInputs = "end"
    """What to do with a conversation of more than ``max_length`` tokens: ``refuse`` it (failure ``too-long``), remove
    the ``end`` of the answer, keep the beginning and the end of the answer (``head-tail``), or split the answer into
    overlapping windows, each read after the complete prompt, whose mean (``windows-mean``) or lowest reward
    (``windows-min``) counts. Prompts are never shortened. Recorded in the results. The server of a judge reads complete
    conversations or fails them."""
    batch_tokens: int | None = None
    """Most tokens of a batch; by default a value that suits the device. Scores do not depend on it."""
    share_prefixes: bool = True
    """Compute the common prefix of several conversations only once."""
    system_role: Literal["fold", "drop", "error"] = "fold"
    """What to do with a system message if the chat template does not support one: put it in front of the first user
    message, remove it, or fail the conversation. Recorded in the results."""
    family: str = ""
    """Family of a directory that cannot be detected from its files, such as a causal language model whose next-token
    logit is the reward."""
    base: str = ""
    """Directory or hub id of the base model of an adapter; by default the one that ``adapter_config.json`` names."""
    label: str = ""
    """Name or number of the label whose output is the reward, for a classifier with several. ``score`` writes all of
    them."""
    label_weights: dict[str, float] = Field(default_factory=dict)
    """Name or number of labels -> weight; the reward is the weighted sum of their outputs (logits)."""
    tokenizer: str = ""
    """Directory or hub id of the tokenizer, for a checkpoint without one."""
    chat_template: str = ""
    """Name of one of the tokenizer's chat templates, or a Jinja file; by default the template named ``default``."""
    control_tokens: ControlTokenMode = "text"
    """How control tokens (``<|im_end|>``) in the text of messages are encoded: ``text``, so that an answer cannot forge
    turns, or ``published``, as control tokens, as ``apply_chat_template`` does. For a judge ``text`` puts zero-width
    spaces into them, because its server tokenizes. Recorded in the results."""
    answer: AnswerMode = "raw"
    """What is scored of a response: ``raw``, its complete text; ``code``, a response that is code; ``last-block`` or
    ``one-block``, a fenced block; ``diff``, a unified diff; ``auto``, the one of these that the response has. Every
    mode but ``raw`` removes reasoning and fails a response without code. Recorded in the results."""
    bos: Bos = "template"
    """How many BOS tokens a conversation begins with: as many as the chat template writes (``template``), one
    (``always``) or none (``never``). Which is right depends on how the model was trained. Recorded in the results."""
    revision: str = ""
    """Commit, tag or branch of a model on the hub; by default the newest."""
    pickled_weights: bool = False
    """Load weights that are saved as pickles, with torch's unpickler that accepts tensors only."""
    weights: str = ""
    """File or index with the weights, for a directory with several sets, such as ``model.fp16.safetensors``. By default
    ``model.safetensors`` or the shards of ``model.safetensors.index.json``; a directory with both is rejected."""
    ignore_remote_code: bool = False
    """Load a checkpoint that brings Python code with the class that transformers has for its model type. Only correct
    if that code is a plain one-label head."""
    trust_remote_code: str = ""
    """Run the Python code of the checkpoint if it is exactly this: ``OWNER/NAME@COMMIT`` for one of the hub, the digest
    of its Python files for a directory."""
    seed: int = 0
    """Seed of the random baseline."""
    remote: RemoteSettings | None = None
    """Have a server compute the rewards."""
    judge: JudgeSettings | None = None
    """Use a generative reward model behind a URL."""

    @model_validator(mode="after")
    def _check_labels(self) -> Self:
        if self.label and self.label_weights:
            raise ValueError("set label or label_weights, not both")
        return self

    @field_validator("label", mode="before")
    @classmethod
    def _accept_number(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("chat_template", mode="before")
    @classmethod
    def _accept_path(cls, value: Any) -> Any:
        return str(value) if isinstance(value, Path) else value
