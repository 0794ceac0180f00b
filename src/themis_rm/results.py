"""What the commands of this room write as JSON: frozen blocks, and documents: blocks with a file of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from themis_rm.errors import InputError
from themis_rm.storage.atomic import write_text


class Block(BaseModel):
    """A part of a document: immutable; keys that it does not know are ignored, so that newer files stay readable."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Document(Block):
    """A block that is written to a file of its own; ``called`` names its kind in errors."""

    called: ClassVar[str]

    def to_json(self) -> str:
        """Return the text of the file, without its last line end."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)

    def save(self, path: Path) -> None:
        """Write the document; the file appears under its name only when whole."""
        write_text(path, self.to_json() + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a document.

        Raises:
            InputError: The file cannot be read, or is no document of this kind.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"Cannot read {path}: {error}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            told = f"{where}: {first['msg']}" if where else first["msg"]
            raise InputError(f"{path} is no {cls.called} ({told}).") from error
