"""Messages that transformers prints while it loads a model."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import transformers


@contextlib.contextmanager
def suppress_loading_messages() -> Iterator[None]:
    """Suppress transformers' remarks on configurations, its report of unused weights and its progress bars."""
    log = transformers.utils.logging
    before, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(log.CRITICAL)
    log.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(before)
        if bars:
            log.enable_progress_bar()
