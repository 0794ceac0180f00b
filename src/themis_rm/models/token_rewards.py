"""Models whose reward is computed from the tokens of the response: their hidden states and log-probabilities.

The likelihood baseline and the families ``token-mean`` and ``criteria-mean`` differ in the head only: which function of
these is the reward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch

from themis_rm.errors import CheckpointError
from themis_rm.messages import Conversation
from themis_rm.models.backbone import load_causal_lm
from themis_rm.models.chat import ChatEncoder, EncodedConversation, load_encoder, score_sequences, tokenizer_dir
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import read_config
from themis_rm.models.decoder import decoder_facts, require_embeddings
from themis_rm.models.device import choose_batch_tokens, choose_device, choose_dtype
from themis_rm.models.hidden_layers import concatenate_layers
from themis_rm.models.layouts import BatchLayout, PackedLayout, choose_layout
from themis_rm.models.length_limits import position_limit
from themis_rm.models.protocol import NO_RESPONSE, ModelIdentity, Score
from themis_rm.models.rotary import frequency_group, group_indices, reset_frequencies
from themis_rm.models.settings import ModelSettings
from themis_rm.models.tokenizers import load_tokenizer

_MESSAGES = "{% for message in messages %}{{ message['content'] }}{{ '' if loop.last else '\n\n' }}{% endfor %}"
"""Chat template of a base model that has none: the texts, separated by an empty line."""

_LOGITS = 1 << 25
"""Most logits that are computed at a time: 128 MiB in float32."""

_TRIAL = (1, 2, 3, 4, 5, 6, 7)


class VocabularyHead:
    """Computes logits from hidden states, with everything that the model's class applies to them (scales, soft caps).

    Args:
        model: A causal language model, whose decoder is replaced.
        output: Class of what the decoder returns.

    Attributes:
        width: Size of a hidden state.
    """

    def __init__(self, model: Any, output: Any) -> None:
        self.width: int = model.config.get_text_config().hidden_size
        setattr(model, model.base_model_prefix, _GivenStates(output))
        self._model = model
        self._rows = max(1, _LOGITS // model.config.get_text_config().vocab_size)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return logits, shape ``[n, vocabulary]``, of hidden states, shape ``[n, hidden]``."""
        logits: torch.Tensor = self._model(inputs_embeds=hidden[None], use_cache=False).logits[0]
        return logits

    def log_probabilities(self, hidden: torch.Tensor, tokens: Sequence[int]) -> torch.Tensor:
        """Return the log-probability of each token after a hidden state, shape ``[n]``, float32."""
        parts = zip(torch.split(hidden, self._rows), torch.split(torch.tensor(tokens), self._rows), strict=True)
        return torch.cat([self._log_probabilities(states, targets) for states, targets in parts])

    def _log_probabilities(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = self.logits(hidden).float()
        chosen = logits.gather(1, targets.to(logits.device)[:, None])[:, 0]
        return chosen - logits.logsumexp(1)


class _GivenStates(torch.nn.Module):
    """A decoder whose hidden states are already computed."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output

    @property
    def decoder(self) -> _GivenStates:
        """Return itself: some classes call the decoder inside their decoder."""
        return self

    def forward(self, *_: Any, inputs_embeds: torch.Tensor, **__: Any) -> Any:
        """Return the hidden states that were passed as embeddings."""
        return self.output(last_hidden_state=inputs_embeds)


class TokenReward(Protocol):
    """Computes the reward of a response from its tokens, or one reward for each criterion."""

    @property
    def with_closing(self) -> bool:
        """Whether the tokens that the chat template writes after a response belong to it."""

    def __call__(self, vocabulary: VocabularyHead, hidden: torch.Tensor, tokens: Sequence[int]) -> Sequence[float]:
        """Return the reward in a sequence of length one, or as many as :class:`CriteriaSelection` weighs.

        Args:
            vocabulary: Computes log-probabilities.
            hidden: Hidden states of the token before the response and of its ``n`` tokens, shape ``[n + 1, width]``.
            tokens: The tokens of the response, length ``n``, at least one.
        """


class CriteriaSelection(Protocol):
    """Chooses the outputs of a model with one output for each criterion."""

    def __call__(self, conversation: Conversation) -> tuple[Conversation, Sequence[float]]:
        """Return what the model reads of a conversation, and the weight of each output in the reward."""


class TokenRewardModel:
    """A causal language model whose reward is a function of the tokens of the response.

    Args:
        layout: Runs the decoder on batches.
        vocabulary: Computes logits.
        reward: Computes the reward.
        encoder: Tokenizer and chat template; it locates responses.
        identity: The model's entry in results.
        batch_tokens: Most tokens of a batch; a longer conversation is a separate batch.
        selection: Chooses between several outputs; ``None`` for a model with one.
    """

    def __init__(
        self,
        layout: BatchLayout,
        vocabulary: VocabularyHead,
        reward: TokenReward,
        encoder: ChatEncoder,
        identity: ModelIdentity,
        batch_tokens: int,
        selection: CriteriaSelection | None = None,
    ) -> None:
        self.layout = layout
        self.vocabulary = vocabulary
        self.reward = reward
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens
        self.selection = selection
        self.embeddings: int = layout.backbone.get_input_embeddings().num_embeddings
        self.group_of = frequency_group(layout.backbone.config)

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order."""
        weights: list[Sequence[float]] = [(1.0,)] * len(conversations)
        if self.selection is not None and conversations:
            conversations, weights = zip(*map(self.selection, conversations), strict=True)
        encoded = [self._require_answer(item) for item in self.encoder.encode(conversations)]
        answers = [answer for item in encoded for answer in item.answers]
        factors = [weight for item, weight in zip(encoded, weights, strict=True) for _ in item.answers]

        def rewards_of(ids: list[list[int]], _: list[int]) -> list[float]:
            outputs = self.outputs(ids, answers)
            return [_weighted(values, weight) for values, weight in zip(outputs, factors, strict=True)]

        return score_sequences(encoded, rewards_of)

    def _require_answer(self, encoded: EncodedConversation) -> EncodedConversation:
        """Return a conversation whose answers begin after the first token, as a failure if one is empty."""
        encoded = require_embeddings(encoded, self.embeddings)
        answers = tuple(range(max(answer.start, 1), answer.stop) for answer in encoded.answers)
        if not all(answers):
            return EncodedConversation([], failure=NO_RESPONSE, detail="the answer has no tokens")
        if self.reward.with_closing:
            ends = map(len, encoded.sequences)
            answers = tuple(range(answer.start, end) for answer, end in zip(answers, ends, strict=True))
        return replace(encoded, answers=answers)

    @torch.inference_mode()
    def outputs(self, ids: Sequence[Sequence[int]], answers: Sequence[range]) -> list[Sequence[float]]:
        """Return the outputs of the head for each sequence of token ids.

        Equal sequences, such as one response under several criteria, are computed once.

        Args:
            ids: Token ids of each sequence.
            answers: The tokens of each that count; none of them is the first token, which nothing precedes.
        """
        first: dict[tuple[range, tuple[int, ...]], int] = {}
        keys = [(answer, tuple(row)) for row, answer in zip(ids, answers, strict=True)]
        distinct = [index for index, key in enumerate(keys) if first.setdefault(key, index) == index]
        found: dict[int, Sequence[float]] = {}
        for group in group_indices([len(ids[index]) for index in distinct], self.group_of):
            members = [distinct[item] for item in group]
            reset_frequencies(self.layout.backbone)
            spans = [range(answers[index].start - 1, answers[index].stop) for index in members]
            for batch, states in self.layout.token_states([ids[index] for index in members], spans, self.batch_tokens):
                for member, hidden in zip(batch, states, strict=True):
                    index = members[member]
                    tokens = ids[index][answers[index].start : answers[index].stop]
                    found[index] = self.reward(self.vocabulary, hidden, tokens)
        return [found[first[key]] for key in keys]


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted sum of outputs, NaN if one with a weight is not finite."""
    used = [value * weight for value, weight in zip(values, weights, strict=True) if weight]
    return math.fsum(used) if all(map(math.isfinite, used)) else math.nan


def load_token_reward_model(
    checkpoint: Checkpoint,
    reward: TokenReward,
    settings: ModelSettings,
    identify: Callable[[BatchLayout, ChatEncoder], ModelIdentity],
    head_tensors: frozenset[str] = frozenset(),
    selection: CriteriaSelection | None = None,
    layers: Sequence[int] = (),
) -> TokenRewardModel:
    """Load a causal language model with a reward on the tokens of the response.

    Args:
        checkpoint: The checkpoint.
        reward: Computes the reward.
        settings: Device, precision, limits, chat template.
        identify: Returns the model's entry in results.
        head_tensors: Names of tensors that are not of the language model.
        selection: See :class:`TokenRewardModel`.
        layers: Numbers of layers below the last one whose hidden states the reward reads too, see
            :func:`~themis_rm.models.hidden_layers.concatenate_layers`.

    Raises:
        CheckpointError: The checkpoint is not a causal language model, or cannot be loaded.
        SettingError: The device does not exist.
    """
    device = choose_device(settings)
    config = read_config(checkpoint)
    tokenizer = checkpoint.tokenizer_folder
    template = plain_template(load_tokenizer(tokenizer_dir(tokenizer, settings)))
    encoder = load_encoder(tokenizer, settings, position_limit(config), template=template, locate=True)
    placement = "split" if settings.device == "split" else device
    model = load_causal_lm(checkpoint, config, choose_dtype(settings, device), placement, head_tensors)
    backbone = model.base_model
    vocabulary = _separate_head(model, checkpoint.folder)
    concatenate_layers(backbone, layers)
    layout = choose_layout(backbone, settings.share_prefixes)
    batch_tokens = choose_batch_tokens(settings, device, isinstance(layout, PackedLayout))
    identity = identify(layout, encoder)
    return TokenRewardModel(layout, vocabulary, reward, encoder, identity, batch_tokens, selection)


def token_model_facts(
    checkpoint: Checkpoint, layout: BatchLayout, encoder: ChatEncoder, repository: str
) -> dict[str, str | int]:
    """Return everything that affects the scores of such a model but its reward, for results."""
    return checkpoint.facts() | decoder_facts(layout, encoder, checkpoint.folder, repository)


def plain_template(tokenizer: Any) -> str:
    """Return the chat template of a base model: a BOS token if the tokenizer adds one to a text, then the messages."""
    bos = tokenizer.bos_token_id
    adds = bos is not None and tokenizer("a")["input_ids"][:1] == [bos]
    return ("{{ bos_token }}" if adds else "") + _MESSAGES


@torch.no_grad()
def _separate_head(model: Any, folder: Path) -> VocabularyHead:
    """Return the head of a model, after a comparison with the logits of the complete model.

    Raises:
        CheckpointError: The model does not run, or its logits are not a function of its last hidden states.
    """
    vocabulary = model.get_input_embeddings().num_embeddings
    ids = torch.tensor([[token % vocabulary for token in _TRIAL]], device=model.device)
    try:
        expected = model(input_ids=ids, use_cache=False).logits[0].float()
        states = model.base_model(input_ids=ids, use_cache=False)
        head = VocabularyHead(model, type(states))
        logits = head.logits(states.last_hidden_state[0]).float()
    except Exception as error:  # any value of config.json may make any operation fail
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{folder} does not run ({type(error).__name__}: {reason}).") from error
    if not torch.allclose(logits, expected, rtol=1e-3, atol=1e-3):
        raise CheckpointError(f"{folder} computes its logits from more than the last hidden states.")
    return head
