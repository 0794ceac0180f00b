"""The dataset card: what is in the dataset, as Markdown with the metadata that the Hugging Face hub reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import jinja2
import yaml

from themis_rm.criteria import CRITERIA
from themis_rm.dataset.hub import hub_license, size_category
from themis_rm.dataset.plan import REASONS
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.languages import LANGUAGES
from themis_rm.pipeline import StageReport


def front_matter(facts: dict[str, Any], settings: AssembleSettings) -> str:
    """Return the YAML metadata block of the card."""
    rows = sum(facts["splits"].values())
    licenses = sorted({hub_license(name) for name in facts["license"]})
    data = {
        "pretty_name": settings.name,
        "license": licenses[0] if len(licenses) == 1 else licenses or "other",
        "language": ["en"],
        "tags": ["code", "preference", "reward-model"],
        "size_categories": [size_category(rows)],
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
        autoescape=False,  # Markdown, not HTML  # noqa: S701
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
