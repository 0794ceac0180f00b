"""Every ``themis-rm`` command in the documentation has a verb, options and settings that exist."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from tests.command_line import all_verbs

from themis_rm.cli.grammar import VerbCommand
from themis_rm.cli.verbs import VERBS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "recipes").rglob("*.md")]
COMMANDS = dict(all_verbs())
_SHELL = {"|", ">", ">>", "<", "&&", "||", ";", "&"}


def documented_commands():
    for page in PAGES:
        text = page.read_text("utf-8").replace("\\\n", " ")
        for block in re.findall(r"^```(?:bash|sh|shell|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                if match := re.match(r"\s*(?:\$ )?themis-rm (.+)", line):
                    yield f"{page.relative_to(ROOT)}: {match[1]}"


def words_of(line):
    words = shlex.split(line, comments=True)
    end = next((index for index, word in enumerate(words) if word in _SHELL), len(words))
    return words[:end]


@cache
def keys_of(verb):
    return {info.key for source in VERBS.get(verb, ()) for info in source.describe() if not info.is_group}


def is_setting(verb, key):
    """Whether the key exists, or is below a key whose value is a mapping."""
    parts = key.split(".")
    return any(".".join(parts[:end]) in keys_of(verb) for end in range(len(parts), 0, -1))


@pytest.mark.parametrize("command", sorted(set(documented_commands())))
def test_a_documented_command_is_valid(command):
    words = words_of(command.partition(": ")[2])
    if not words or words[0] in {"--version", "--help", "--install-completion"}:
        return
    if words[0] == "models" and (len(words) == 1 or words[1] not in {"list", "show"}):
        words.insert(1, "list")
    length = 2 if " ".join(words[:2]) in COMMANDS else 1
    verb, arguments = " ".join(words[:length]), words[length:]
    assert verb in COMMANDS, f"there is no verb '{verb}'"
    parser = VerbCommand.make_parser(COMMANDS[verb], COMMANDS[verb].context_class(COMMANDS[verb]))
    values, rest, _ = parser.parse_args(args=arguments)
    positional = [values.get(item.name) or [] for item in COMMANDS[verb].params if item.param_type_name == "argument"]
    flat = [word for value in [*positional, rest] for word in ([value] if isinstance(value, str) else value)]
    assert not [word for word in flat if isinstance(word, str) and re.match(r"[a-z_][\w.]*=", word)]
    unknown = [text for text in values.get("set_") or [] if not is_setting(verb, text.partition("=")[0])]
    assert unknown == []
