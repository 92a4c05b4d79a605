"""One order for whatever a column may hold, so that a mixed column can be sorted."""

import json
from typing import Any


def rank(value: object) -> tuple[int, Any]:
    """A sort key: numbers before texts before everything else."""
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    return (2, json.dumps(value, sort_keys=True))
