"""Validate the options of an executor against the parameters of its class."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from themis_rm.errors import SettingError, did_you_mean

SET_BY_STAGE = ("self", "pipeline", "tasks", "workers", "logging_dir", "depends", "skip_completed")
"""Parameters of datatrove's executors that a stage sets itself."""


def check_options(cls: type, options: Mapping[str, Any], name: str, unsupported: Collection[str] = ()) -> None:
    """Check names and types of options.

    Args:
        cls: Class of the executor.
        options: Values by name of a parameter of the class.
        name: Name of the executor, for error messages.
        unsupported: Further parameters that cannot be set.

    Raises:
        SettingError: An option is unknown or has a wrong type.
    """
    parameters = inspect.signature(cls, eval_str=True).parameters
    known = parameters.keys() - set(SET_BY_STAGE) - set(unsupported)
    for key, value in options.items():
        if key not in known:
            raise SettingError(f"The {name} executor has no option executor.options.{key}.", did_you_mean(key, known))
        try:
            TypeAdapter(parameters[key].annotation).validate_python(value)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].replace("Input should be", "must be")
            raise SettingError(
                f"executor.options.{key}: {value!r} {reason}.",
                f"A text is quoted: --set 'executor.options.{key}=\"...\"'.",
            ) from None
