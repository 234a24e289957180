"""What the jobs need from the outside, and what plugins give: collector, classifier, notifier, store."""

from monitor.ports.plugins import (
    Classifier,
    Collector,
    Estimate,
    Estimating,
    Looked,
    Metered,
    Notifier,
    Querying,
    Receipt,
    Refreshing,
    Round,
)
from monitor.ports.shapes import (
    Alert,
    Delivery,
    Filed,
    OpenCause,
    OpenGap,
    Pending,
    Quoting,
    Standing,
    Unfiled,
    Unjudged,
)
from monitor.ports.store import Store, Transaction

__all__ = [
    "Alert",
    "Classifier",
    "Collector",
    "Delivery",
    "Estimate",
    "Estimating",
    "Filed",
    "Looked",
    "Metered",
    "Notifier",
    "OpenCause",
    "OpenGap",
    "Pending",
    "Querying",
    "Quoting",
    "Receipt",
    "Refreshing",
    "Round",
    "Standing",
    "Store",
    "Transaction",
    "Unfiled",
    "Unjudged",
]
