"""The measures that training uses; they live in :mod:`monitor.measures`, where ``umbrage eval`` needs them too."""

from monitor.measures import (
    Numbers,
    Quality,
    auc,
    calibration_error,
    macro_f1,
    precision_recall,
    quality,
    sigmoid,
    temperature,
    threshold_for_precision,
    threshold_for_recall,
)

__all__ = [
    "Numbers",
    "Quality",
    "auc",
    "calibration_error",
    "macro_f1",
    "precision_recall",
    "quality",
    "sigmoid",
    "temperature",
    "threshold_for_precision",
    "threshold_for_recall",
]
