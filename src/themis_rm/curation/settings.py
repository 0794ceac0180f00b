"""Settings of curation, including those of all registered filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from themis_rm.curation.filters import FILTERS, CurationFilter, FilterSettings
from themis_rm.curation.filters.size import SizeSettings
from themis_rm.curation.filters.token_length import TokenLengthSettings
from themis_rm.curation.filters.windows import WindowSettings
from themis_rm.curation.inject.step import InjectSettings
from themis_rm.curation.near_duplicates import NearDuplicateSettings
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.settings import Settings

if TYPE_CHECKING:

    class FilterChainSettings(Settings):
        """Settings of all registered filters: one field per filter, which has its name."""

        token_length: TokenLengthSettings = TokenLengthSettings()
        size: SizeSettings = SizeSettings()

else:

    def _field(item: type[CurationFilter]) -> tuple[type[FilterSettings], Any]:
        summary = (item.__doc__ or item.name).strip().splitlines()[0]
        return item.Settings, Field(default_factory=item.Settings, description=summary)

    FilterChainSettings = create_model(
        "FilterChainSettings",
        __base__=Settings,
        __module__=__name__,
        __doc__="Settings of all registered filters: one field per filter, which has its name.",
        **{item.name: _field(item) for item in sorted(FILTERS, key=lambda item: (item.order, item.name))},
    )


class CurateSettings(Settings):
    """Settings of ``themis-rm curate``."""

    columns: dict[str, str] = Field(default_factory=dict)
    """Column of commits -> column of the file that holds it, such as ``{file_path: path}``."""
    filters: FilterChainSettings = Field(default_factory=FilterChainSettings)
    """Filters by name, in the order in which they run."""
    instruction_writer: ChatSettings | None = None
    """Chat model that writes the instructions of commits; by default ``filters.instructions`` writes them."""
    injection: InjectSettings = InjectSettings()
    """Bug injection into solutions."""
    near_duplicates: NearDuplicateSettings = NearDuplicateSettings()
    """Removal of pairs that are nearly equal to an earlier one."""

    def of_filter(self, item: type[CurationFilter]) -> FilterSettings:
        """Return the settings of a filter; its defaults if it was registered after this module was imported."""
        settings: FilterSettings = getattr(self.filters, item.name, None) or item.Settings()
        return self._with_limits(settings) if isinstance(settings, WindowSettings) else settings

    def _with_limits(self, settings: WindowSettings) -> WindowSettings:
        """Return the settings of windows, with the limits of the filters that would drop long files as defaults."""
        length, size = self.filters.token_length, self.filters.size
        defaults = {
            "max_tokens": length.max_tokens if length.enabled else None,
            "tokenizer": length.tokenizer,
            "max_bytes": size.max_bytes if size.enabled else None,
        }
        missing = {name: value for name, value in defaults.items() if getattr(settings, name) is None}
        return settings.model_copy(update=missing)
