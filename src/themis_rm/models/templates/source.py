"""Which chat template of a checkpoint is used.

As in transformers: ``chat_template.jinja`` and the files in ``additional_chat_templates`` come before ``chat_template``
in ``tokenizer_config.json``, a template or a list of named ones. Of several, the one named ``default`` is used.
``chat_template.json`` is read if there is nothing else. The setting ``chat_template`` comes before all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from themis_rm.errors import CheckpointError, InputError, SettingError, did_you_mean
from themis_rm.models.json_files import read_json
from themis_rm.storage.input_files import read_text

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A chat template that was chosen.

    Attributes:
        text: The template.
        name: ``default``, its name among several, or the name of a file.
        file: The file, for one that the user named.
    """

    text: str
    name: str = DEFAULT
    file: Path | None = None


def find_source(
    tokenizer: Any,
    folder: Path | None = None,
    choice: str = "",
    fallback: str = "",
    setting: str = "model.chat_template",
) -> TemplateSource:
    """Return the chat template to use.

    Args:
        tokenizer: The tokenizer, which has read the templates of its directory.
        folder: Directory of the tokenizer, if it is one.
        choice: Name of one of the templates, or a file; by default the template named ``default``.
        fallback: Template for a tokenizer without one.
        setting: Setting that chooses one, for errors.

    Raises:
        CheckpointError: There is no template, or only named ones and none is chosen.
        SettingError: There is no template and no file with the chosen name.
    """
    folder = folder or _folder_of(tokenizer)
    named = _named_templates(tokenizer, folder)
    where = f"The tokenizer in {folder}" if folder else "The tokenizer"
    if choice in named:
        return TemplateSource(named[choice], choice)
    if choice:
        return _read_file(choice, named)
    if DEFAULT in named:
        return TemplateSource(named[DEFAULT])
    if named:
        names = ", ".join(sorted(named))
        raise CheckpointError(
            f"{where} has several chat templates and no default: {names}.",
            f"Choose one with --set {setting}={min(named)}.",
        )
    if fallback:
        return TemplateSource(fallback)
    raise CheckpointError(
        f"{where} has no chat template.",
        f"Set --set {setting}=FILE to a Jinja file with the one that the model was trained with.",
    )


def has_template(tokenizer: Any, folder: Path) -> bool:
    """Return whether a tokenizer has a chat template, under any name."""
    return bool(_named_templates(tokenizer, folder))


def _folder_of(tokenizer: Any) -> Path | None:
    path = getattr(tokenizer, "name_or_path", "")
    return Path(path) if path and Path(path).is_dir() else None


def _named_templates(tokenizer: Any, folder: Path | None) -> dict[str, str]:
    given = tokenizer.chat_template
    if given is None and folder is not None and (folder / "chat_template.json").is_file():
        given = read_json(folder / "chat_template.json").get("chat_template")
    if not given:
        return {}
    templates = {DEFAULT: given} if isinstance(given, str) else given
    if not isinstance(templates, dict) or not all(isinstance(text, str) for text in templates.values()):
        raise CheckpointError(
            f"The chat template in {folder or 'the tokenizer'} is neither a text nor texts with names.",
            "Set --set model.chat_template=FILE to a Jinja file.",
        )
    return {str(name): text for name, text in templates.items() if text}


def _read_file(choice: str, named: dict[str, str]) -> TemplateSource:
    path = Path(choice)
    if not path.is_file():
        known = did_you_mean(choice, named) if named else "Name a Jinja file."
        raise SettingError(f"There is no chat template and no file named {choice}.", known)
    try:
        return TemplateSource(read_text(path), path.name, path)
    except InputError as error:
        raise SettingError(f"The chat template {choice} cannot be used. {error.message}", error.hint) from error
