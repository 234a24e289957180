"""A customer's own words as they are shown in digests and notices: masked, shortened, with where they stand."""

from monitor.core.abuse import mask
from monitor.core.digest import Words
from monitor.core.message import Quote, moment
from monitor.core.text import excerpt
from monitor.core.wording import QUOTE_CHARS


def quoted(words: Words, about: str = "") -> Quote:
    """The quotation; ``about`` stands before its place, such as the topic."""
    who = f"@{excerpt(words.author, 60)}" if words.author else "somebody"
    parts = (about, words.platform, who, moment(words.posted_at), words.case or "")
    return Quote(
        text=excerpt(mask(words.text), QUOTE_CHARS) or "(no words)",
        where=" · ".join(filter(None, parts)),
        url=words.url,
        post=words.post,
    )
