"""What can be typed where a channel has no buttons: there is no web page to link to, but each step is a command."""

import shlex

from monitor.core.message import Message

BY = "--by NAME"


def commands(message: Message) -> tuple[str, ...]:
    """The commands for what a message offers, to be copied."""
    if message.incident is not None:
        of = f"umbrage incident {message.incident}"
        return (f"{of} take {BY}", f'{of} done {BY} --remedy "…"', of)
    if message.case is not None and "more" in message.offers:
        of = f"umbrage case {message.case}"
        return (f"{of} take {BY}", f"{of} answer {BY}", f"{of} not_a_complaint {BY}", of)
    if message.case is not None and "satisfied" in message.offers:
        return (f"umbrage case {message.case} close {BY} --evidence LINK",)
    if message.case is not None and message.offers:
        return (f"umbrage case {message.case} reopen {BY}",)
    if apart := [quote for quote in message.quotes if "split" in quote.offers and quote.post]:
        return tuple(f"umbrage case {quote.case} split --post {shlex.quote(quote.post or '')} {BY}" for quote in apart)
    if any(quote.offers for quote in message.quotes):
        return (f"umbrage case NUMBER take {BY}", "umbrage cases")
    return ()
