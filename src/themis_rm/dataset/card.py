"""The dataset card: what is in the dataset, as Markdown with the metadata that the Hugging Face hub reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import jinja2
import yaml

from themis_rm.criteria import CRITERIA
from themis_rm.dataset.plan import REASONS
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.languages import LANGUAGES
from themis_rm.pipeline import StageReport

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
# Licence identifiers of the hub are lower-case SPDX identifiers for all that are mined; others go under "other".
_HUB_LICENCES = frozenset(
    {
        *("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "epl-1.0", "mpl-2.0", "unlicense"),
        *("agpl-3.0", "lgpl-2.1", "artistic-2.0"),
    }
)


def hub_licence(name: str) -> str:
    """Return the hub's identifier of a licence, or ``other``."""
    folded = name.lower().removesuffix("-only").removesuffix("-or-later")
    return folded if folded in _HUB_LICENCES else "other"


def front_matter(facts: dict[str, Any], settings: AssembleSettings) -> str:
    """Return the YAML metadata block of the card."""
    rows = sum(facts["splits"].values())
    licences = sorted({hub_licence(name) for name in facts["license"]})
    data = {
        "pretty_name": settings.name,
        "license": licences[0] if len(licences) == 1 else licences or "other",
        "language": ["en"],
        "tags": ["code", "preference", "reward-model"],
        "size_categories": [next((label for most, label in _SIZES if rows < most), "n>10M")],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}-*.parquet"} for split in facts["files"]],
            }
        ],
    }
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def render_card(
    report: StageReport, facts: dict[str, Any], settings: AssembleSettings, prompts: str, notes: list[str]
) -> str:
    """Return the text of the card.

    Args:
        report: Of the stage.
        facts: :func:`themis_rm.dataset.plan.facts_of` of the plan.
        settings: What it was assembled with.
        prompts: Name of the prompt set.
        notes: Things that a reader should know beforehand, a sentence each.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("themis_rm.dataset", "."),
        autoescape=False,  # noqa: S701  # Markdown, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    present = [row.name for row in LANGUAGES if row.name in facts["language"]]
    cut = facts["time_cut"]
    return environment.get_template("card.md.jinja").render(
        front_matter=front_matter(facts, settings),
        settings=settings,
        prompts=prompts,
        canonical=json.dumps(settings.model_dump(mode="json", exclude={"prompts"}), sort_keys=True),
        report=report,
        facts=facts,
        notes=notes,
        criteria=CRITERIA,
        languages=present + sorted(set(facts["language"]) - set(present)),
        reasons=REASONS,
        cut=datetime.fromtimestamp(cut, UTC).strftime("%Y-%m-%d %H:%M UTC") if cut is not None else None,
    )
