"""NumPy arrays as ``.npy`` files that are written atomically."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from themis_rm.storage.atomic import atomic_path


def save_array(path: str | Path, values: npt.NDArray[Any]) -> None:
    """Write an array to a ``.npy`` file atomically."""
    with atomic_path(path) as partial, partial.open("wb") as handle:
        np.save(handle, values, allow_pickle=False)
