"""Checkpoints that bring Python code: it runs only if the user trusts exactly this code.

How such code handles batches, padding and pooling is unknown, so each conversation runs alone, without padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModel, AutoModelForSequenceClassification

from themis_rm.errors import CheckpointError
from themis_rm.messages import Conversation
from themis_rm.models.chat import ChatEncoder, load_encoder
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.device import choose_device, choose_dtype
from themis_rm.models.length_limits import position_limit
from themis_rm.models.loading_messages import suppress_loading_messages
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.storage.digests import files_sha256


def code_digest(folder: Path) -> str:
    """Return a digest of the Python files in a directory, the value of ``trust_remote_code`` for it."""
    return files_sha256(folder.rglob("*.py"), folder)


def require_trust(folder: Path, settings: ModelSettings, repository: str = "") -> None:
    """Check that the user trusts exactly this code.

    Args:
        folder: The checkpoint.
        settings: ``trust_remote_code`` identifies the trusted code.
        repository: ``owner/name@commit`` of a model from the hub.

    Raises:
        CheckpointError: The user trusts other code.
    """
    accepted = {repository, code_digest(folder)} - {""}
    if settings.trust_remote_code not in accepted:
        raise CheckpointError(
            f"trust_remote_code is '{settings.trust_remote_code}', but {repository or folder} has other code.",
            f"Read its Python files; to run them set trust_remote_code={repository or code_digest(folder)}.",
        )


def load_remote_code(checkpoint: Checkpoint, settings: ModelSettings, name: str) -> RemoteCodeModel:
    """Load a checkpoint with its Python code. Call :func:`require_trust` first.

    Args:
        checkpoint: The checkpoint.
        settings: Device, precision, limits, chat template.
        name: Name of the model in results.

    Raises:
        CheckpointError: The code does not load, or weights are missing.
    """
    folder, auto_map = checkpoint.folder, checkpoint.config.get("auto_map") or {}
    if settings.weights or checkpoint.config.get("transformers_weights"):
        raise CheckpointError(
            f"The code in {folder} chooses its weights itself.",
            "Remove model.weights and 'transformers_weights' in config.json, and the weights that are not wanted.",
        )
    kind: Any = AutoModelForSequenceClassification if "AutoModelForSequenceClassification" in auto_map else AutoModel
    device = choose_device(settings)
    with suppress_loading_messages():
        try:
            model, report = kind.from_pretrained(
                str(folder),
                trust_remote_code=True,
                local_files_only=True,
                use_safetensors=None if settings.pickled_weights else True,
                dtype=choose_dtype(settings, device),
                output_loading_info=True,
            )
        except (OSError, ValueError, RuntimeError, ImportError, AttributeError, TypeError, KeyError) as error:
            reason = " ".join(str(error).split())[:160]
            raise CheckpointError(f"The code in {folder} does not load ({type(error).__name__}: {reason}).") from error
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{folder} lacks {len(missing)} of its weights, such as '{missing[0]}'.")
    encoder = load_encoder(folder, settings, position_limit(model.config))
    facts: dict[str, str | int] = {
        "architecture": type(model).__name__,
        "code": code_digest(folder),
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": device.type,
        **encoder.facts(),
        "transformers": transformers.__version__,
        "torch": torch.__version__,
    }
    identity = ModelIdentity(name, "remote-code", checkpoint.digest(*sorted(folder.rglob("*.py"))), facts)
    return RemoteCodeModel(model.to(device).eval(), encoder, identity)


class RemoteCodeModel:
    """A loaded model whose ``forward`` returns one logit.

    Args:
        model: The model, as created by the checkpoint's code.
        encoder: Its tokenizer and chat template.
        identity: The model's entry in results.
    """

    def __init__(self, model: Any, encoder: ChatEncoder, identity: ModelIdentity) -> None:
        self.model = model
        self.encoder = encoder
        self.identity = identity

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order.

        Raises:
            CheckpointError: The model returns something other than one logit.
        """
        encoded = self.encoder.encode(conversations)
        return [item.score([self._reward(ids) for ids in item.sequences]) for item in encoded]

    @torch.inference_mode()
    def _reward(self, ids: list[int]) -> float:
        tokens = torch.tensor([ids], device=self.model.device)
        out = self.model(input_ids=tokens, attention_mask=torch.ones_like(tokens))
        logits = getattr(out, "logits", None)
        if not isinstance(logits, torch.Tensor) or logits.numel() != 1:
            shape = list(logits.shape) if isinstance(logits, torch.Tensor) else "none"
            raise CheckpointError(
                f"{self.identity.name} returns logits of shape {shape}, but a reward model returns one."
            )
        return float(logits.reshape(()).float())
