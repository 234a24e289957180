"""What every source that reads X with an app's token is told: the token, what X bills, and how much may be spent."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.collectors import _x_posts as posts
from monitor.collectors._x_bill import Bill
from monitor.core.budget import Budget, Period
from monitor.pace import Pace, pace
from monitor.secret import Secret


class Paid(BaseModel):
    """``token`` is an app's bearer token: sources with the same one share their spending, their pace and their bill."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Secret
    usd_per_month: float = Field(default=10.0, gt=0)
    usd_per_day: float | None = Field(default=None, gt=0)
    price_post: float = Field(default=0.005, ge=0)
    price_user: float = Field(default=0.010, ge=0)
    reposts: bool = False
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    requests_per_minute: int = Field(default=20, ge=1, le=60)
    base_url: str | None = Field(default=None, pattern=r"^https?://")

    @property
    def payer(self) -> str:
        """Whose budget it is, without the token itself."""
        return "x/" + hashlib.blake2b(self.token.model_dump_json().encode(), digest_size=6).hexdigest()

    @property
    def place(self) -> str:
        """The payer at one server."""
        return f"{self.payer} {self.base_url}"

    @property
    def share(self) -> float:
        """What there is for a day in USD."""
        return min(self.usd_per_month / 31, self.usd_per_day or self.usd_per_month)

    def budgets(self, page: float) -> tuple[Budget, ...]:
        """In US dollars, of which a page may cost so many."""
        month = Budget(unit="USD", limit=self.usd_per_month, period=Period.MONTH, page=page)
        if self.usd_per_day is None:
            return (month,)
        return (month, Budget(unit="USD", limit=self.usd_per_day, period=Period.DAY, page=page))

    def turn(self) -> Pace:
        """The ceiling of requests."""
        return pace(self.place, self.requests_per_minute)

    def cost(self, billed: Bill, answer: Mapping[str, Any], now: datetime, price: float) -> float:
        """What X bills for an answer in USD; ``price`` is that of a post that was asked for."""
        found, others, accounts = (billed.count(names, now) for names in posts.billed(answer))
        return found * price + others * self.price_post + accounts * self.price_user
