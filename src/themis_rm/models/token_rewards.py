"""Models whose reward is computed from the tokens of the response: their hidden states and log-probabilities.

The likelihood baseline and the family ``token-mean`` differ in the head only: which function of these is the reward.
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
    """

    def __init__(self, model: Any, output: Any) -> None:
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
    """Computes the reward of a response from its tokens."""

    @property
    def with_closing(self) -> bool:
        """Whether the tokens that the chat template writes after a response belong to it."""

    def __call__(self, vocabulary: VocabularyHead, hidden: torch.Tensor, tokens: Sequence[int]) -> float:
        """Return the reward.

        Args:
            vocabulary: Computes log-probabilities.
            hidden: Hidden states of the token before the response and of its ``n`` tokens, shape ``[n + 1, width]``.
            tokens: The tokens of the response, length ``n``, at least one.
        """


class TokenRewardModel:
    """A causal language model whose reward is a function of the tokens of the response.

    Args:
        layout: Runs the decoder on batches.
        vocabulary: Computes logits.
        reward: Computes the reward.
        encoder: Tokenizer and chat template; it locates responses.
        identity: The model's entry in results.
        batch_tokens: Most tokens of a batch; a longer conversation is a separate batch.
    """

    def __init__(
        self,
        layout: BatchLayout,
        vocabulary: VocabularyHead,
        reward: TokenReward,
        encoder: ChatEncoder,
        identity: ModelIdentity,
        batch_tokens: int,
    ) -> None:
        self.layout = layout
        self.vocabulary = vocabulary
        self.reward = reward
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens
        self.embeddings: int = layout.backbone.get_input_embeddings().num_embeddings
        self.group_of = frequency_group(layout.backbone.config)

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order."""
        encoded = [self._require_answer(item) for item in self.encoder.encode(conversations)]
        answers = [answer for item in encoded for answer in item.answers]
        return score_sequences(encoded, lambda ids, _: self.rewards(ids, answers))

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
    def rewards(self, ids: Sequence[Sequence[int]], answers: Sequence[range]) -> list[float]:
        """Return one reward per sequence of token ids.

        Args:
            ids: Token ids of each sequence.
            answers: The tokens of each that count; none of them is the first token, which nothing precedes.
        """
        rewards = [math.nan] * len(ids)
        for group in group_indices([len(row) for row in ids], self.group_of):
            reset_frequencies(self.layout.backbone)
            spans = [range(answers[index].start - 1, answers[index].stop) for index in group]
            for members, states in self.layout.token_states([ids[index] for index in group], spans, self.batch_tokens):
                for member, hidden in zip(members, states, strict=True):
                    index = group[member]
                    tokens = ids[index][answers[index].start : answers[index].stop]
                    rewards[index] = self.reward(self.vocabulary, hidden, tokens)
        return rewards


def load_token_reward_model(
    checkpoint: Checkpoint,
    reward: TokenReward,
    settings: ModelSettings,
    identify: Callable[[BatchLayout, ChatEncoder], ModelIdentity],
    head_tensors: frozenset[str] = frozenset(),
) -> TokenRewardModel:
    """Load a causal language model with a reward on the tokens of the response.

    Args:
        checkpoint: The checkpoint.
        reward: Computes the reward.
        settings: Device, precision, limits, chat template.
        identify: Returns the model's entry in results.
        head_tensors: Names of tensors that are not of the language model.

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
    layout = choose_layout(backbone, settings.share_prefixes)
    batch_tokens = choose_batch_tokens(settings, device, isinstance(layout, PackedLayout))
    return TokenRewardModel(layout, vocabulary, reward, encoder, identify(layout, encoder), batch_tokens)


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
