"""Results of jobs: typed records that are saved as JSON, shown as tables and converted to data frames."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from themis_rm.errors import InputError, MissingExtraError
from themis_rm.storage.atomic import write_text
from themis_rm.storage.input_files import read_text

if TYPE_CHECKING:
    import pandas as pd


class TableView:
    """How a result is displayed: a short ``repr``, an HTML table in notebooks, a data frame on request.

    Subclasses implement :meth:`records`, and :meth:`summary` where the number of rows does not say enough.
    """

    def records(self) -> Sequence[dict[str, Any]]:
        """Return the rows of the main table, all with the same keys."""
        raise NotImplementedError

    def summary(self) -> str:
        """Return one line with the main figures."""
        return f"{len(self.records())} rows"

    def to_pandas(self) -> pd.DataFrame:
        """Return :meth:`records` as a data frame.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise MissingExtraError("pandas", "pandas") from None
        return pd.DataFrame(list(self.records()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.summary())}</p>{html_table(self.records())}"


class ResultPart(BaseModel):
    """A part of a result: immutable; unknown keys are ignored, so that files of newer versions stay readable."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Result(TableView, ResultPart):
    """A result with a JSON file of its own; ``kind`` is what error messages call it."""

    kind: ClassVar[str]

    def to_json(self) -> str:
        """Return the content of the file, without the final line end."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)

    def save(self, path: str | Path) -> None:
        """Write the result to a JSON file, atomically."""
        write_text(Path(path), self.to_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a result.

        Raises:
            InputError: The file cannot be read, or is not a result of this kind.
        """
        try:
            return cls.model_validate_json(read_text(path))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            reason = f"{where}: {first['msg']}" if where else first["msg"]
            raise InputError(f"{path} is not a valid {cls.kind} ({reason}).") from error


def html_table(records: Sequence[dict[str, Any]]) -> str:
    """Return rows as an HTML table; numbers are right-aligned and floats have four significant digits."""
    if not records:
        return "<p>no rows</p>"
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in records[0])
    body = "".join(f"<tr>{''.join(_cell(value) for value in row.values())}</tr>" for row in records)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td style="text-align:right">{value:.4g}</td>'
    align = ' style="text-align:right"' if isinstance(value, int) and not isinstance(value, bool) else ""
    return f"<td{align}>{html.escape('' if value is None else str(value))}</td>"
