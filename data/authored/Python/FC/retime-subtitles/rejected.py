"""Moving the times of SRT subtitles."""

import re

TIME = r"(\d{2,}):(\d{2}):(\d{2}),(\d{3})"
TIMING_LINE = re.compile(rf"^{TIME} --> {TIME}", re.MULTILINE)


def _seconds(hours: str, minutes: str, seconds: str, fraction: str) -> float:
    """Return the time of a timing line as seconds since the start."""
    return (int(hours) * 60 + int(minutes)) * 60 + int(seconds) + int(fraction) / 1000


def _format(time: float) -> str:
    """Return seconds since the start in the notation of SRT."""
    minutes, seconds = divmod(time, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:06.3f}".replace(".", ",")


def retime(text: str, offset_ms: int, scale: float) -> str:
    """Scale and then move all times of a subtitle file.

    Args:
        text: Contents of the SRT file.
        offset_ms: Milliseconds to add, negative for earlier.
        scale: Factor for the times before they are moved.
    """

    def moved(parts: tuple[str, ...]) -> str:
        return _format(max(0.0, _seconds(*parts) * scale + offset_ms / 1000))

    return TIMING_LINE.sub(lambda line: f"{moved(line.groups()[:4])} --> {moved(line.groups()[4:])}", text)
