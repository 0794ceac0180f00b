"""The dataset card: Markdown with the metadata that the Hugging Face hub reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import yaml

from themis_rm.dataset.decontamination import MEANINGS
from themis_rm.dataset.hub import hub_license, size_category
from themis_rm.dataset.row_index import ASPECTS
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.dataset.split_plan import REASONS
from themis_rm.dataset.tasks import FORM_REASONS
from themis_rm.languages import LANGUAGES
from themis_rm.markdown import markdown_environment
from themis_rm.pipeline import StageReport
from themis_rm.records import TASKS


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
    report: StageReport, facts: dict[str, Any], settings: AssembleSettings, prompts: str, remarks: list[str]
) -> str:
    """Return the text of the card.

    Args:
        report: Report of the stage.
        facts: Output of :func:`themis_rm.dataset.split_plan.dataset_facts`.
        settings: Settings of the assembly.
        prompts: Name of the prompt set.
        remarks: Sentences that users of the dataset should know.
    """
    present = [row.name for row in LANGUAGES if row.name in facts["language"]]
    template = markdown_environment("themis_rm.dataset", "").get_template("card.md.j2")
    return template.render(
        front_matter=front_matter(facts, settings),
        settings=settings,
        prompts=prompts,
        canonical=_as_code(settings),
        report=report,
        facts=facts,
        remarks=remarks,
        criteria=[{"short": short, "training_aspect": ASPECTS[short]} for short in facts["criterion"]],
        languages=present + sorted(set(facts["language"]) - set(present)),
        reasons={**REASONS, **FORM_REASONS, **MEANINGS},
        tasks=TASKS,
        ranges={name: [day_of(time) for time in times] if times else None for name, times in facts["times"].items()},
        limits={name: _minute(time) for name, time in facts["time_limits"].items() if time is not None},
    )


def _minute(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def day_of(time: int) -> str:
    """Return the day of a Unix time (UTC)."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")


def _as_code(settings: AssembleSettings) -> str:
    """Return the settings as JSON that cannot end the code span around it."""
    text = json.dumps(settings.model_dump(mode="json", exclude={"prompt_file"}), sort_keys=True)
    return text.replace("`", "\\u0060").replace("<", "\\u003c")
