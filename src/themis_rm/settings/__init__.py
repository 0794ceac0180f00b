"""Typed settings: the options of each stage are a pydantic model; a recipe is a YAML file of such models.

Unknown keys are errors that suggest the right key. ``key=value`` overrides of the command line replace values of the
file, and :func:`describe_settings` lists every key for ``themis-rm settings`` and for the documentation.
"""

from themis_rm.settings.base import Override, Settings, apply_overrides, parse_override, read_yaml
from themis_rm.settings.describe import SettingInfo, describe_settings

__all__ = [
    "Override",
    "SettingInfo",
    "Settings",
    "apply_overrides",
    "describe_settings",
    "parse_override",
    "read_yaml",
]
