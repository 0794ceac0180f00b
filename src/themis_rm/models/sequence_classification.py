"""Any one-label sequence-classification checkpoint of transformers: Qwen, Llama, Mistral, Gemma-2 and their like.

The backbone runs here and the head is applied here to the last real token, found by the attention mask.
``forward`` of transformers' classes finds it by the pad token's id, and refuses or misjudges batches without one.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModelForSequenceClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from themis_rm.errors import CheckpointError
from themis_rm.models.catalogue import read_json
from themis_rm.models.chat import ChatEncoder, Encoded, load_encoder
from themis_rm.models.checkpoint import config_value, digest, require_one_label_head, tensor_shapes, weight_files
from themis_rm.models.device import choose_batch_tokens, choose_device, choose_dtype
from themis_rm.models.protocol import NOT_FINITE, ModelIdentity, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation


def load(folder: Path, settings: ModelSettings) -> SequenceClassifier:
    """Load a checkpoint.

    Raises:
        CheckpointError: It is no one-label sequence classifier in safetensors, or it needs code of its own.
        SettingError: The device is not here.
    """
    config = _readable_config(folder, read_json(folder / "config.json"), settings)
    require_one_label_head(folder, tensor_shapes(folder))
    config.num_labels = 1
    device = choose_device(settings)
    limit = getattr(config.get_text_config(), "max_position_embeddings", None)
    encoder = load_encoder(folder, limit, settings.max_length, settings.system_role == "error")
    model = _weights(folder, config, choose_dtype(settings, device)).to(device).eval()
    identity = ModelIdentity(
        _name(folder),
        "sequence-classification",
        digest(folder, weight_files(folder)),
        {
            "architecture": type(model).__name__,
            "dtype": str(model.dtype).removeprefix("torch."),
            "attention": str(model.config._attn_implementation),  # noqa: SLF001
            "device": device.type,
            "max_length": encoder.max_length,
            "system_role": encoder.system_role,
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        },
    )
    return SequenceClassifier(model, encoder, identity, choose_batch_tokens(settings, device))


def _readable_config(folder: Path, raw: dict[str, Any], settings: ModelSettings) -> Any:  # noqa: ANN401
    kind, architecture = str(raw.get("model_type", "")), config_value(raw, "architectures")
    if raw.get("auto_map") and not settings.ignore_remote_code:
        raise CheckpointError(
            f"{folder} needs code of its own ({min(map(str, raw['auto_map'].values()))}), which is not run.",
            "If its head is a plain 'score' on the last token, set ignore_remote_code=true.",
        )
    native = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.get(kind)
    if native is None:
        raise CheckpointError(
            f"{folder} is of the unknown architecture '{architecture or kind or 'none given'}'.",
            f"transformers {transformers.__version__} has no sequence classifier for model type '{kind}'.",
        )
    if architecture != native and not settings.ignore_remote_code:
        raise CheckpointError(
            f"{folder} holds a {architecture or 'model of no named architecture'}, not a {native}: no reward head.",
            "Give a checkpoint that was trained and saved as a sequence classifier with one label.",
        )
    try:
        return AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder}/config.json cannot be used ({' '.join(str(error).split())[:160]}).") from error


def _weights(folder: Path, config: Any, dtype: torch.dtype | str) -> Any:  # noqa: ANN401
    # Soft-capped attention (Gemma-2) is computed by the eager implementation; SDPA leaves the capping out.
    capped = getattr(config, "attn_logit_softcapping", None) is not None
    with _quiet():
        try:
            model, report = AutoModelForSequenceClassification.from_pretrained(
                str(folder),
                config=config,
                dtype=dtype,
                attn_implementation="eager" if capped else None,
                trust_remote_code=False,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
            )
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"The weights in {folder} cannot be loaded ({reason}).") from error
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{folder} lacks {len(missing)} of its weights, such as '{missing[0]}'.")
    return model


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # What it would print at loading (missing keys, a progress bar) is told as an error or not at all.
    log = transformers.utils.logging
    before, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(before)
        if bars:
            log.enable_progress_bar()


class SequenceClassifier:
    """A loaded checkpoint.

    Args:
        model: A ``*ForSequenceClassification`` with a base model and a ``score`` layer of shape ``[1, hidden]``.
        encoder: Its tokenizer and template.
        identity: What results say about it.
        batch_tokens: Most tokens of a batch, padding included; a longer conversation is a batch by itself.
    """

    def __init__(self, model: Any, encoder: ChatEncoder, identity: ModelIdentity, batch_tokens: int) -> None:  # noqa: ANN401
        self.model = model
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a score per conversation, in their order."""
        encoded = self.encoder.encode(conversations)
        rewards: dict[int, float] = {}
        for batch in batches([len(item.ids) for item in encoded], self.batch_tokens):
            values = self.rewards([encoded[index].ids for index in batch])
            rewards.update(zip(batch, values, strict=True))
        return [_as_score(item, rewards.get(index)) for index, item in enumerate(encoded)]

    @torch.inference_mode()
    def rewards(self, ids: Sequence[Sequence[int]]) -> list[float]:
        """Run one batch, padded on the right, and return a reward for each row of ids."""
        lengths = torch.tensor([len(row) for row in ids])
        width = int(lengths.max())
        # The id of padding does not matter: the mask keeps it from every real token.
        tokens = torch.tensor([[*row, *([0] * (width - len(row)))] for row in ids])
        mask = torch.arange(width)[None, :] < lengths[:, None]
        device = self.model.device
        hidden = self.model.base_model(
            input_ids=tokens.to(device),
            attention_mask=None if bool(mask.all()) else mask.long().to(device),
            use_cache=False,
        ).last_hidden_state
        last = hidden[torch.arange(len(ids), device=device), lengths.to(device) - 1]
        # The head in fp32: a bf16 reward has 8 bits and ties where the model does not.
        reward = last.float() @ self.model.score.weight.float().T
        return [float(value) for value in reward[:, 0].cpu()]


def _as_score(item: Encoded, reward: float | None) -> Score:
    if item.failure or reward is None:
        return Score.failed(item.failure)
    if not math.isfinite(reward):
        return Score.failed(NOT_FINITE)
    return Score(reward, truncated=item.truncated, tokens=len(item.ids))


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group inputs of similar length under a budget of padded tokens.

    Args:
        lengths: Tokens of each input; inputs of length 0 are left out.
        budget: Most of ``rows * longest row`` in a batch.

    Yields:
        Indices of each batch, the longest inputs first, so that a batch that does not fit into memory comes at once.
    """
    order = sorted((i for i, length in enumerate(lengths) if length), key=lambda i: (-lengths[i], i))
    batch: list[int] = []
    for index in order:
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _name(folder: Path) -> str:
    # A run's checkpoint lies in a folder called `model`; its training notes say what the recipe called it.
    notes = folder / "training.json"
    name = read_json(notes).get("name") if notes.is_file() else None
    return name if isinstance(name, str) and name else folder.resolve().name
