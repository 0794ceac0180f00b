"""How a reward model is loaded, run and asked: one place for what a user may set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from themis_rm.settings import Settings

SystemRole = Literal["native", "folded", "dropped", "error"]
"""What becomes of a system message: the template has a place for it, it goes in front of the first user message, it
is left out, or the conversation fails."""

Interface = Literal["rubric", "ce-rm", "nemotron-genrm", "lmunit", "r3"]
"""How a generative judge is asked and where its score stands; ``rubric`` is our own."""


class RemoteSettings(Settings):
    """A server that computes the rewards of a scalar model; the model's folder here gives tokenizer and template."""

    url: str
    """Where it answers, such as ``http://localhost:8000``."""
    api: Literal["classify", "pooling", "predict", "sglang"]
    """vLLM's ``/classify`` or ``/pooling``, text-embeddings-inference's ``/predict``, or SGLang's native
    ``/classify``."""
    served_as: str = ""
    """Name of the model there; by default the first that the server lists."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds a key, where the server wants one."""
    seconds: float = Field(default=120.0, gt=0)
    """Longest wait for an answer."""
    retries: int = Field(default=4, ge=0)
    """How often a request is sent again after a fault of the server or the network, with growing waits."""
    pause: float = Field(default=0.5, ge=0)
    """Seconds before a request is sent again for the first time; twice as long each further time, or as long as the
    server asks for."""
    parallel: int = Field(default=8, ge=1)
    """Requests under way at the same time."""
    batch: int = Field(default=16, ge=1)
    """Conversations of a request."""
    probabilities: bool = False
    """Take a server's values though all of a few test conversations get one between 0 and 1, which is what a sigmoid
    gives. Some models' rewards do lie there."""


class JudgeSettings(Settings):
    """A generative reward model behind an OpenAI-compatible URL."""

    url: str
    """Base URL, such as ``http://localhost:8000/v1``."""
    served_as: str = ""
    """Name of the model there; by default the first that the server lists."""
    interface: Interface | None = None
    """How it is asked; by default as the catalog says for the model, else ``rubric``."""
    wording: Path | None = None
    """YAML file with the wording of the interface's prompts; by default our own."""
    reward: Literal["expected", "stated"] = "expected"
    """The score over the log-probabilities of the score's tokens where the server gives them, or the one written."""
    temperature: float = Field(default=0.0, ge=0)
    """Sampling temperature."""
    samples: int = Field(default=1, ge=1)
    """Answers drawn per conversation; their scores are averaged, failed ones left out. More than one needs a
    temperature."""
    max_tokens: int = Field(default=4096, ge=1)
    """Most tokens of an answer, thinking included."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; a server of one's own may need none."""
    seconds: float = Field(default=300.0, gt=0)
    """Longest wait for an answer."""
    retries: int = Field(default=4, ge=0)
    """How often a request is sent again after a fault of the server or the network, with growing waits."""
    parallel: int = Field(default=16, ge=1)
    """Requests under way at the same time."""
    seed: int | None = 0
    """Sent along where the server knows seeds."""
    thinking: bool | None = None
    """Have the chat template let the model think or not (``enable_thinking``), where the server knows that switch; by
    default as the interface was published: off for ``ce-rm``, the template's own way for the others."""
    answers: Path | None = None
    """JSONL file that keeps what the judge wrote, with its reasons. The same question is not asked again, so that a run
    that was cut off goes on where it was. Scores are the same with and without it."""

    def model_post_init(self, _: Any) -> None:
        """Check what only makes sense together.

        Raises:
            ValueError: Several samples are wanted at temperature 0, where all are the same.
        """
        if self.samples > 1 and self.temperature == 0:
            raise ValueError(f"{self.samples} samples at temperature 0 are the same one: set temperature, such as 0.7")


class ModelSettings(Settings):
    """How a model is loaded and run; a baseline uses ``seed`` alone."""

    device: str = "auto"
    """``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:N``, or ``split``: layers spread over all GPUs."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Precision of weights and activations; ``auto`` is the checkpoint's own on a GPU and float32 on a CPU."""
    max_length: int | None = None
    """Most tokens of a conversation; by default what tokenizer and model positions allow."""
    batch_tokens: int | None = None
    """Most tokens of a batch; by default what suits the device. Scores do not depend on it."""
    share_prefixes: bool = True
    """Compute what conversations of a batch have in common at their start once."""
    system_role: Literal["fold", "drop", "error"] = "fold"
    """What to do with a system message where the chat template has no place for one: put it in front of the first
    user message, leave it out, or fail the conversation. Recorded in the results."""
    family: str = ""
    """Family of a folder that does not say itself what it is, such as a causal language model whose next-token logit
    is the reward."""
    tokenizer: str = ""
    """Folder or hub id of the tokenizer, for a checkpoint that comes without one."""
    chat_template: Path | None = None
    """Jinja file with the chat template, instead of the tokenizer's."""
    revision: str = ""
    """Commit, tag or branch of a model on the hub; by default the newest."""
    pickled_weights: bool = False
    """Read weights that are saved as pickles, with torch's unpickler that takes tensors alone."""
    ignore_remote_code: bool = False
    """Load a checkpoint that names code of its own through transformers' class of its model type instead. Right only
    where that code is a plain one-label head."""
    trust_remote_code: str = ""
    """Run the code that comes with the checkpoint if it is exactly this: ``OWNER/NAME@COMMIT`` for one of the hub,
    the digest of its Python files for a folder."""
    seed: int = 0
    """Seed of the random baseline."""
    remote: RemoteSettings | None = None
    """Have a server compute the rewards instead."""
    judge: JudgeSettings | None = None
    """Ask a generative reward model behind a URL."""
