"""HelpSteer3 and HelpSteer2 preferences: two responses and a signed preference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair, UnusableRowError
from themis_rm.dataset.adapters.columns import NUMBER, TEXT, TEXT_OR_MESSAGES
from themis_rm.dataset.adapters.pair import label_of, name_of, number_of, pair_of, prompt_of, response_of, signed


class HelpSteer3(PreferenceFormat):
    """A context, two responses, and a preference from -3 (first response) to 3 (second response)."""

    name = "helpsteer3"
    required: ClassVar = {
        "context": TEXT_OR_MESSAGES,
        "response1": TEXT,
        "response2": TEXT,
        "overall_preference": NUMBER,
    }
    about = "context, response1, response2, overall_preference from -3 to 3 (HelpSteer3)"
    columns = ("context", "response1", "response2", "overall_preference")

    def read(self, row: Mapping[str, Any]) -> Iterator[PreferencePair]:
        """Return the pair of a row; the size of the preference is its margin, 0 is a tie."""
        context, first, second, preference = self.columns
        strength = number_of(row, preference)
        if strength is None:
            raise UnusableRowError(f"missing-{preference}")
        # Positive values prefer the second response.
        pair = pair_of(
            prompt_of(row, context),
            response_of(row, second),
            response_of(row, first),
            id=name_of(row, "id", "idx"),
            language=label_of(row, "language"),
            subset=name_of(row, "domain", "split"),
        )
        yield signed(pair, strength)


class HelpSteer2(HelpSteer3):
    """The columns of HelpSteer2's preference split, with the same scale."""

    name = "helpsteer2"
    required: ClassVar = {
        "prompt": TEXT_OR_MESSAGES,
        "response_1": TEXT,
        "response_2": TEXT,
        "preference_strength": NUMBER,
    }
    about = "prompt, response_1, response_2, preference_strength from -3 to 3 (HelpSteer2)"
    columns = ("prompt", "response_1", "response_2", "preference_strength")


for _format in (HelpSteer3, HelpSteer2):
    FORMATS.register(_format())
