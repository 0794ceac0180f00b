"""Moving the times of SRT subtitles."""

import re

TIME = r"(\d{2,}):(\d{2}):(\d{2}),(\d{3})"
TIMING_LINE = re.compile(rf"^{TIME} --> {TIME}", re.MULTILINE)


def _milliseconds(hours: str, minutes: str, seconds: str, fraction: str) -> int:
    """Return the time of a timing line as milliseconds since the start."""
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction)


def _format(milliseconds: int) -> str:
    """Return milliseconds since the start in the notation of SRT."""
    total_seconds, fraction = divmod(milliseconds, 1000)
    total_minutes, seconds = divmod(total_seconds, 60)
    hours, minutes = divmod(total_minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d},{fraction:03d}"


def retime(text: str, offset_ms: int, scale: float) -> str:
    """Scale and then move all times of a subtitle file.

    Args:
        text: Contents of the SRT file.
        offset_ms: Milliseconds to add, negative for earlier.
        scale: Factor for the times before they are moved.
    """

    def moved(parts: tuple[str, ...]) -> str:
        return _format(max(0, round(_milliseconds(*parts) * scale) + offset_ms))

    return TIMING_LINE.sub(lambda line: f"{moved(line.groups()[:4])} --> {moved(line.groups()[4:])}", text)
