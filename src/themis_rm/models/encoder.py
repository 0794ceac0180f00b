"""Encoders with a classification head (BERT, RoBERTa, DeBERTa, ModernBERT, ...), run by transformers' own class.

Encoders pool in many ways (a pooler on the first token, a mean, a head of several layers), so that nothing of it is
implemented here. Padding is hidden by the mask; encoders whose outputs it changes run in batches of equal length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import transformers
from transformers import AutoModelForSequenceClassification
from transformers.models.auto import modeling_auto

from themis_rm.errors import CheckpointError
from themis_rm.messages import Conversation
from themis_rm.models.backbone import load_weights, without_wrapper
from themis_rm.models.chat import ChatEncoder, load_encoder, tokenizer_dir
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import build_skeleton, read_config
from themis_rm.models.decoder import default_name, missing_embeddings, require_embeddings, unused_normalization
from themis_rm.models.device import choose_batch_tokens, choose_device, choose_dtype
from themis_rm.models.labels import Labels, choose_labels, score_outputs
from themis_rm.models.layouts import batches
from themis_rm.models.length_limits import LengthLimit, choose_max_length, position_limit
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.models.sentence_pairs import PairEncoder
from themis_rm.models.settings import ModelSettings
from themis_rm.models.templates.source import has_template
from themis_rm.models.tokenizers import load_tokenizer
from themis_rm.models.vocabulary import embedding_rows

FAMILY = "sequence-classification"
"""Family of encoders in results; another family that the user names reads a decoder."""

_TRIAL = 64
"""Tokens of the longer one of two inputs that padding is tried on."""
_OTHER_HEADS = (
    "cls.",
    "discriminator_predictions.",
    "generator_predictions.",
    "lm_head.",
    "lm_predictions.",
    "mask_predictions.",
    "vocab_",
)
"""Names of heads of pretraining, which some checkpoints still have."""


def is_encoder(checkpoint: Checkpoint) -> bool:
    """Return whether the model type is that of an encoder that transformers has a sequence classifier for."""
    kind = checkpoint.config.get("model_type")
    names = (
        modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    )
    return isinstance(kind, str) and all(kind in mapping for mapping in names)


def load_encoder_model(
    checkpoint: Checkpoint, settings: ModelSettings, name: str = "", repository: str = ""
) -> EncoderModel:
    """Load an encoder with its head and its tokenizer.

    Args:
        checkpoint: The checkpoint.
        settings: Device, precision, limits, labels, chat template.
        name: Name of the model in results; by default that of its directory.
        repository: ``owner/name@commit`` of a model from the hub, for results.

    Raises:
        CheckpointError: The checkpoint has no such head, or lacks weights.
        SettingError: The device does not exist.
    """
    device = choose_device(settings)
    config, skeleton, outputs = read_structure(checkpoint)
    labels = choose_labels(checkpoint.config, outputs, settings, checkpoint.folder)
    encoder = load_text_encoder(checkpoint, settings, position_limit_of(config, skeleton))
    dtype = torch.float32 if settings.dtype == "auto" else choose_dtype(settings, device)
    model, report = load_weights(
        AutoModelForSequenceClassification, checkpoint, config, _weights(checkpoint, skeleton), dtype=dtype
    )
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{checkpoint.folder} lacks {len(missing)} of its weights, such as '{missing[0]}'.")
    if unused := sorted(report["unexpected_keys"]):
        raise CheckpointError(
            f"{checkpoint.folder} has {len(unused)} weights that {type(model).__name__} does not use, such as "
            f"'{unused[0]}'.",
            "Use the config.json that was saved with the weights.",
        )
    model = model.to(device).eval()
    identity = ModelIdentity(
        name or default_name(checkpoint.folder),
        FAMILY,
        checkpoint.digest(*encoder.template_files),
        {
            "architecture": type(model).__name__,
            "dtype": str(dtype).removeprefix("torch."),
            "attention": str(model.config._attn_implementation),  # noqa: SLF001
            "device": device.type,
            **checkpoint.facts(),
            **labels.facts(),
            **encoder.facts(),
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        }
        | ({"repository": repository} if repository else {})
        | missing_embeddings(checkpoint.folder, encoder.tokenizer, model)
        | unused_normalization(checkpoint),
        labels=labels.names,
    )
    return EncoderModel(model, encoder, identity, choose_batch_tokens(settings, device, packed=False), labels)


def read_structure(checkpoint: Checkpoint) -> tuple[Any, Any, int]:
    """Return the configuration, the model without weights, and the number of outputs that the head has."""
    config = read_config(checkpoint, labels=2)
    if config.is_encoder_decoder:
        raise CheckpointError(
            f"{checkpoint.folder} is an encoder-decoder ({config.model_type}); decoders and encoders are read.",
            "Serve it and set model.remote.url and model.remote.dialect.",
        )
    two = build_skeleton(checkpoint, config, AutoModelForSequenceClassification)
    more = build_skeleton(checkpoint, read_config(checkpoint, labels=3), AutoModelForSequenceClassification)
    # The output layer is the one whose size depends on the number of labels.
    sizes = {name: weight.shape for name, weight in more.named_parameters()}
    heads = [name for name, weight in two.named_parameters() if weight.dim() == 2 and weight.shape != sizes[name]]
    names = without_wrapper({name: name for name in checkpoint.shapes}, two)
    shapes = {new: checkpoint.shapes[name] for name, new in names.items()}
    head = heads[0] if len(heads) == 1 else "classifier.weight"
    if len(shapes.get(head, ())) != 2:
        raise CheckpointError(
            f"{checkpoint.folder} has no reward head: no matrix '{head}' in its weights.",
            "It is a language model, or its head was not saved.",
        )
    outputs = shapes[head][0]
    return read_config(checkpoint, labels=outputs), two, outputs


def _weights(checkpoint: Checkpoint, skeleton: Any) -> dict[str, torch.Tensor]:
    names = without_wrapper({name: name for name in checkpoint.shapes}, skeleton)
    kept = {
        name: new
        for name, new in names.items()
        if not new.startswith(_OTHER_HEADS) and not new.endswith(".position_ids")
    }
    return {kept[name]: tensor for name, tensor in checkpoint.mapped_tensors(kept).items()}


def position_limit_of(config: Any, model: Any) -> LengthLimit | None:
    """Return the positions of an encoder; those of RoBERTa and others begin after that of the padding."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            return LengthLimit(
                module.weight.shape[0] - module.padding_idx - 1, "max_position_embeddings without those of the padding"
            )
    return position_limit(config)


def load_text_encoder(
    checkpoint: Checkpoint, settings: ModelSettings, limit: LengthLimit | None
) -> ChatEncoder | PairEncoder:
    """Return the encoder of conversations: with the chat template if there is one, otherwise as sentence pairs."""
    folder = checkpoint.tokenizer_folder
    directory = tokenizer_dir(folder, settings)
    tokenizer = load_tokenizer(directory)
    if settings.chat_template or has_template(tokenizer, directory):
        return load_encoder(folder, settings, limit)
    types = tokenizer("a", "b").get("token_type_ids", [])
    if types != sorted(types) or set(types) - {0, 1}:
        raise CheckpointError(
            f"The tokenizer in {directory} has other token types than 0 and 1 for two sentences.",
            "Set --set model.chat_template=FILE to render conversations as one text.",
        )
    longest = choose_max_length(settings.max_length, limit, tokenizer.model_max_length, str(checkpoint.folder))
    return PairEncoder(tokenizer, longest, settings.control_tokens, settings.long_inputs)


class EncoderModel:
    """A loaded encoder with a classification head.

    Args:
        model: The sequence classifier of transformers.
        encoder: Converts conversations to token ids.
        identity: The model's entry in results.
        batch_tokens: Most tokens of a batch, padding included.
        labels: Labels of the head and their share in the reward.
    """

    def __init__(
        self, model: Any, encoder: ChatEncoder | PairEncoder, identity: ModelIdentity, batch_tokens: int, labels: Labels
    ) -> None:
        self.model = model
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens
        self.labels = labels
        self.embeddings = embedding_rows(model)
        self._padding: int = getattr(model.config, "pad_token_id", None) or 0
        self._equal_length = not self._pads_correctly()

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order."""
        encoded = [require_embeddings(item, self.embeddings) for item in self.encoder.encode(conversations)]
        return score_outputs(encoded, self.labels, self.outputs)

    def rewards(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int] | None = None) -> list[float]:
        """Return one reward per sequence of token ids, NaN for an empty one.

        Args:
            ids: Token ids of each conversation.
            boundaries: Last token of the first sentence, per conversation; -1 for one sentence.
        """
        return [self.labels.reward(values) for values in self.outputs(ids, boundaries)]

    @torch.inference_mode()
    def outputs(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int] | None = None) -> list[list[float]]:
        """Return the output of each label per sequence of token ids, NaN for an empty one; see :meth:`rewards`."""
        outputs = [[math.nan] * len(self.labels.weights)] * len(ids)
        ends = boundaries or [-1] * len(ids)
        for members in batches([len(row) for row in ids], self.batch_tokens, equal_length=self._equal_length):
            rows = self._run([ids[index] for index in members], [ends[index] for index in members])
            for index, row in zip(members, rows.float().tolist(), strict=True):
                outputs[index] = row
        return outputs

    def _run(self, ids: Sequence[Sequence[int]], ends: Sequence[int]) -> torch.Tensor:
        """Return the logits of a batch, shape ``[conversations, labels]``."""
        width = max(map(len, ids))
        tokens = torch.tensor([[*row, *[self._padding] * (width - len(row))] for row in ids])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
        inputs = {"input_ids": tokens, "attention_mask": mask}
        if any(end >= 0 for end in ends):
            inputs["token_type_ids"] = (torch.arange(width) > torch.tensor(ends)[:, None]).long() * mask
        device = self.model.device
        logits: torch.Tensor = self.model(**{name: value.to(device) for name, value in inputs.items()}).logits
        return logits

    @torch.inference_mode()
    def _pads_correctly(self) -> bool:
        """Return whether a padded input has the outputs that it has alone, on a trial.

        Raises:
            CheckpointError: The model does not run.
        """
        ends = [2, 1] if isinstance(self.encoder, PairEncoder) and self.encoder.has_types else [-1, -1]
        rows = [[(5 + token) % self.embeddings for token in range(min(_TRIAL, self.encoder.max_length))], [5, 6, 7]]
        try:
            together = self._run(rows, ends)
            alone = torch.cat([self._run([row], [end]) for row, end in zip(rows, ends, strict=True)])
        except Exception as error:  # any value of config.json may make any operation fail
            reason = " ".join(str(error).split())[:160]
            raise CheckpointError(
                f"{type(self.model).__name__} does not run with this config.json ({type(error).__name__}: {reason})."
            ) from error
        allowed = 3e-6 if together.dtype == torch.float32 else 5e-2
        return bool((together - alone).abs().max() <= allowed * (1 + alone.abs().max()))
