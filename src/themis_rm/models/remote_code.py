"""Checkpoints with code of their own: run on explicit leave for exactly this code, one conversation at a time.

Nobody knows how such code batches, pads or pools, so each conversation runs alone, unpadded.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModel, AutoModelForSequenceClassification

from themis_rm.errors import CheckpointError
from themis_rm.models.backbone import quiet
from themis_rm.models.chat import ChatEncoder, load_encoder
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.device import choose_device, choose_dtype
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation


def code_digest(folder: Path) -> str:
    """Return a hash of the Python files of a folder (BLAKE2b, 128 bits): what ``trust_remote_code`` names."""
    total = hashlib.blake2b(digest_size=16)
    for file in sorted(folder.rglob("*.py")):
        total.update(f"{file.relative_to(folder)}\0".encode() + hashlib.blake2b(file.read_bytes()).digest())
    return total.hexdigest()


def require_trust(folder: Path, settings: ModelSettings, repository: str = "") -> None:
    """Check that the user has allowed exactly this code.

    Args:
        folder: The checkpoint.
        settings: ``trust_remote_code`` names the code.
        repository: ``owner/name@commit`` of a folder that came from the hub.

    Raises:
        CheckpointError: The leave is for other code.
    """
    right = {repository, code_digest(folder)} - {""}
    if settings.trust_remote_code not in right:
        raise CheckpointError(
            f"trust_remote_code is '{settings.trust_remote_code}', but the code of {repository or folder} is another.",
            f"Read its Python files; to run them set trust_remote_code={repository or code_digest(folder)}.",
        )


def load_remote_code(checkpoint: Checkpoint, settings: ModelSettings, name: str) -> CodeModel:
    """Load a checkpoint with the code that it brings. The caller has checked the leave (:func:`require_trust`).

    Args:
        checkpoint: The folder.
        settings: Device, precision, limits, template.
        name: What results call it.

    Raises:
        CheckpointError: Its code gives no model of transformers' kind.
    """
    folder, mapped = checkpoint.folder, checkpoint.config.get("auto_map") or {}
    kind: Any = AutoModelForSequenceClassification if "AutoModelForSequenceClassification" in mapped else AutoModel
    device = choose_device(settings)
    with quiet():
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
    encoder = load_encoder(folder, settings, getattr(model.config, "max_position_embeddings", None))
    facts: dict[str, str | int] = {
        "architecture": type(model).__name__,
        "code": code_digest(folder),
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": device.type,
        "max_length": encoder.max_length,
        "system_role": encoder.system_role,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
    }
    identity = ModelIdentity(name, "remote-code", checkpoint.digest(*sorted(folder.rglob("*.py"))), facts)
    return CodeModel(model.to(device).eval(), encoder, identity)


class CodeModel:
    """A loaded model whose ``forward`` gives one logit.

    Args:
        model: What the checkpoint's code made.
        encoder: Its tokenizer and template.
        identity: What results say about it.
    """

    def __init__(self, model: Any, encoder: ChatEncoder, identity: ModelIdentity) -> None:
        self.model = model
        self.encoder = encoder
        self.identity = identity

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a score per conversation, in their order.

        Raises:
            CheckpointError: The model gives something else than one logit.
        """
        encoded = self.encoder.encode(conversations)
        return [item.scored(math.nan if item.failure else self._reward(item.ids)) for item in encoded]

    @torch.inference_mode()
    def _reward(self, ids: list[int]) -> float:
        tokens = torch.tensor([ids], device=self.model.device)
        out = self.model(input_ids=tokens, attention_mask=torch.ones_like(tokens))
        logits = getattr(out, "logits", None)
        if not isinstance(logits, torch.Tensor) or logits.numel() != 1:
            shape = list(logits.shape) if isinstance(logits, torch.Tensor) else "none"
            raise CheckpointError(f"{self.identity.name} gives logits of shape {shape}, a reward model gives one.")
        return float(logits.reshape(()).float())
