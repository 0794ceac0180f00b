"""Names that peft gives to the tensors of a model that it wraps, and the names of the model's own tensors.

peft saves an adapter without the name of the adapter (``q_proj.lora_A.weight``); a state dict that was saved while the
model was wrapped has it (``score.modules_to_save.default.weight``). Both forms are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_PREFIXES = ("base_model.model.", "module.", "pretrained_model.")
_INNER = ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.")
"""Parts that FSDP, checkpointing of activations and torch.compile insert anywhere."""
_LORA = re.compile(
    r"(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
    r"(?:\.(?!weight$|bias$)(?P<adapter>[^.]+))?(?:\.(?P<kind>weight|bias))?"
)
_SAVED = re.compile(r"(?P<module>.+)\.modules_to_save\.(?P<adapter>[^.]+)\.(?P<rest>.+)")
_ORIGINAL = ".original_module."
_BASE = ".base_layer."


@dataclass
class WrappedNames:
    """Tensors of a wrapped model.

    Attributes:
        own: Name in the model without wrapper -> name in the file.
        lora: Name of a module -> part (``lora_A``, ``lora_B``, ``lora_B.bias``, ...) -> name in the file.
        adapters: Names of adapters that occur; one or none in a file that can be read.
        repeated: Names in the model that several tensors have.
    """

    own: dict[str, str] = field(default_factory=dict)
    lora: dict[str, dict[str, str]] = field(default_factory=dict)
    adapters: set[str] = field(default_factory=set)
    repeated: list[str] = field(default_factory=list)

    def add(self, own: str, name: str) -> None:
        """Add a tensor of the model itself."""
        if own in self.own:
            self.repeated.append(own)
        self.own[own] = name


def parse_names(names: Iterable[str]) -> WrappedNames:
    """Return what the tensors of a file are.

    A module that was trained completely (``modules_to_save``) replaces the original, which is left out.
    """
    found = WrappedNames()
    originals: dict[str, str] = {}
    for name in names:
        bare = _without_wrappers(name)
        if match := _LORA.fullmatch(bare):
            part = match["part"] + (".bias" if match["kind"] == "bias" else "")
            found.lora.setdefault(match["module"], {})[part] = name
            found.adapters |= {match["adapter"]} - {None}
        elif match := _SAVED.fullmatch(bare):
            found.add(f"{match['module']}.{match['rest']}", name)
            found.adapters.add(match["adapter"])
        elif _ORIGINAL in bare:
            originals[bare.replace(_ORIGINAL, ".")] = name
        else:
            found.add(bare.replace(_BASE, "."), name)
    found.own = originals | found.own
    return found


def _without_wrappers(name: str) -> str:
    for part in _INNER:
        name = name.replace(part, "")
    while name.startswith(_PREFIXES):
        name = name.removeprefix(next(prefix for prefix in _PREFIXES if name.startswith(prefix)))
    return name
