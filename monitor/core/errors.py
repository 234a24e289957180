"""Errors, named by what to do about them.

UmbrageError
├── ConfigError        fix the configuration (all problems at once)
├── SourceError        a source could not be read
│   ├── AuthFailed     fix the credentials; trying again is useless
│   ├── RateLimited    wait
│   │   └── OutOfBudget    wait, or buy more
│   ├── Unavailable    try again later
│   ├── Unreadable     the answer is not what the platform documents
│   └── PartlyRead      some of it could not be read; the rest was, and is read on
├── DeliveryError      a message could not be handed over
│   ├── Refused        permanent: this message will never be accepted
│   ├── Busy           wait, then try again: it was not delivered
│   └── Doubtful       perhaps it was delivered: look before trying again
├── ModelError         the classifier cannot run; nothing downstream guesses
└── StoreError         the database cannot be used
"""

from collections.abc import Sequence
from datetime import datetime, timedelta


class UmbrageError(Exception):
    """Something went wrong that a person can fix; the message says how."""


class ConfigError(UmbrageError):
    """The configuration has problems."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class SourceError(UmbrageError):
    """A source could not be read."""


class AuthFailed(SourceError):
    """The platform refused the credentials; renew them and restart."""


class RateLimited(SourceError):
    """The platform asks us to wait, until a moment or for a while (neither: use our own back-off)."""

    def __init__(self, message: str, *, until: datetime | None = None, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.until = until
        self.wait = wait


class OutOfBudget(RateLimited):
    """What may be read by day or month, or paid for, is used up; told to the operators at once.

    ``unit`` says of which budget, where a platform has several: what the others pay for is read on.
    """

    def __init__(
        self, message: str, *, until: datetime | None = None, wait: timedelta | None = None, unit: str | None = None
    ) -> None:
        super().__init__(message, until=until, wait=wait)
        self.unit = unit


class Unavailable(SourceError):
    """The platform did not answer properly; it is tried again with growing pauses."""


class Unreadable(SourceError):
    """The platform answered something we cannot read."""


class PartlyRead(SourceError):
    """Some of a source, such as one feed of several, could not be read; the rest was stored and goes on."""


class DeliveryError(UmbrageError):
    """A message could not be handed over."""


class Refused(DeliveryError):
    """The target will never accept this message; it is set aside and shown by ``umbrage outbox ls``."""


class Busy(DeliveryError):
    """The target did not take the message; it is tried again after ``wait``, or after our own back-off.

    ``needs_person`` says that waiting alone will not help, so that the operators hear at once.
    """

    def __init__(self, message: str, *, wait: timedelta | None = None, needs_person: bool = False) -> None:
        super().__init__(message)
        self.wait = wait
        self.needs_person = needs_person


class Doubtful(DeliveryError):
    """The target may have taken the message although its answer was lost."""


class ModelError(UmbrageError):
    """The classifier cannot run. Mentions wait unclassified until it can."""


class StoreError(UmbrageError):
    """The database cannot be used."""
