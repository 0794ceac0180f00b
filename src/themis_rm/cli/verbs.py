"""Table of the verbs that have settings: used by the verbs, by ``themis-rm settings`` and by the reference docs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, create_model

from themis_rm.cli.extras import require_extra
from themis_rm.errors import SettingError, did_you_mean
from themis_rm.settings import SettingInfo, Settings, describe_settings

if TYPE_CHECKING:
    from themis_rm.pipeline import ExecutorSettings

EXECUTOR, EXECUTOR_TYPE = "executor", "executor.type"


@dataclass(frozen=True)
class SettingsSource:
    """Where the settings of a verb are defined.

    Attributes:
        path: Module and class (``themis_rm.mining.settings:MineSettings``), imported when needed.
        executor: The verb is a data stage: its settings include the executor's, below ``executor``.
        variant: Option with which the verb has these settings instead of its first ones.
        extra: Extra of this distribution that the module needs.
    """

    path: str
    executor: bool = False
    variant: str = ""
    extra: str = ""

    def load_class(self) -> type[Settings]:
        """Import the settings class; that of a data stage gets the field ``executor``.

        Raises:
            MissingExtraError: The extra is not installed.
        """
        module, _, name = self.path.partition(":")
        with require_extra(self.extra) if self.extra else nullcontext():
            cls: type[Settings] = getattr(importlib.import_module(module), name)
        return _with_executor(cls) if self.executor else cls

    def describe(self) -> list[SettingInfo]:
        """Return all keys."""
        return describe_settings(self.load_class())


VERBS: Mapping[str, tuple[SettingsSource, ...]] = {
    "mine": (
        SettingsSource("themis_rm.mining.settings:MineSettings", executor=True),
        SettingsSource("themis_rm.mining.functions:TreeSettings", executor=True, variant="--tree"),
    ),
    "curate": (SettingsSource("themis_rm.curation.settings:CurateSettings", executor=True),),
    "assemble": (SettingsSource("themis_rm.dataset.settings:AssembleSettings", executor=True),),
    "convert": (SettingsSource("themis_rm.dataset.preferences:PreferenceSettings"),),
    "browse": (SettingsSource("themis_rm.annotation.settings:BrowseSettings"),),
    "agreement": (SettingsSource("themis_rm.annotation.settings:AgreementSettings"),),
    "train": (SettingsSource("themis_rm.training.recipe:TrainRecipe"),),
    "merge": (SettingsSource("themis_rm.training.merging:MergeSettings", extra="train"),),
    "plan": (SettingsSource("themis_rm.training.recipe:TrainRecipe"),),
    "run": (SettingsSource("themis_rm.workflow.recipe:RunRecipe", extra="train"),),
    "ablate": (SettingsSource("themis_rm.workflow.ablation.grid:AblationGrid", extra="train"),),
    "evaluate": (
        SettingsSource("themis_rm.evaluation.evaluate:EvaluateSettings", extra="train"),
        SettingsSource("themis_rm.evaluation.external.evaluate:ExternalSettings", extra="train", variant="--suite"),
    ),
    "calibrate": (SettingsSource("themis_rm.evaluation.calibrate:CalibrateSettings", extra="train"),),
    "rerank": (SettingsSource("themis_rm.evaluation.reranking.rerank:RerankSettings", extra="train"),),
    "adversarial": (SettingsSource("themis_rm.evaluation.adversarial.attack:AttackSettings", extra="train"),),
    "verify-backend": (SettingsSource("themis_rm.evaluation.backends:BackendSettings", extra="train"),),
    "leaderboard": (SettingsSource("themis_rm.evaluation.leaderboard.result:LeaderboardSettings"),),
    "export-results": (SettingsSource("themis_rm.report.hub_export:HubExportSettings"),),
    "score": (SettingsSource("themis_rm.serve.requests:ScoreSettings", extra="train"),),
    "benchmark compile": (SettingsSource("themis_rm.benchmark.compile:CompileSettings", executor=True),),
    "benchmark verify": (SettingsSource("themis_rm.benchmark.verify:VerifySettings"),),
    "benchmark audit": (SettingsSource("themis_rm.benchmark.audit.settings:AuditSettings"),),
    "benchmark export": (SettingsSource("themis_rm.report.benchmark_export:BenchmarkExportSettings", extra="train"),),
}


def settings_source(verb: str, variant: str = "") -> SettingsSource:
    """Return where the settings of a verb are defined.

    Raises:
        SettingError: There is no such verb, or it has no settings.
    """
    if verb not in VERBS:
        raise SettingError(f"There is no verb '{verb}' with settings.", did_you_mean(verb, VERBS))
    return next(source for source in VERBS[verb] if source.variant == variant)


def split_executor(both: Settings) -> tuple[Settings, ExecutorSettings]:
    """Return the settings of a data stage without the field ``executor``, and that field."""
    bases = (cls for cls in type(both).__mro__ if issubclass(cls, Settings))
    stage = next(cls for cls in bases if EXECUTOR not in cls.model_fields)
    values = {name: getattr(both, name) for name in stage.model_fields}
    return stage.model_validate(values), getattr(both, EXECUTOR)


def _with_executor(cls: type[Settings]) -> type[Settings]:
    from themis_rm.pipeline import ExecutorSettings

    field = Field(default=ExecutorSettings(), description="Where the tasks of the stage run.")
    return create_model(cls.__name__, __base__=cls, __doc__=cls.__doc__, executor=(ExecutorSettings, field))
