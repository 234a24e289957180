"""What people get for what they did in Slack, whichever way Slack told us of it."""

import logging
from collections.abc import Callable

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from monitor.core.errors import ConfigError
from monitor.slack.clicks import Answer, Click

log = logging.getLogger(__name__)

WORKERS = 8
FORM = 2.5
"""Seconds that a submitted form may take: Slack wants its answer within three."""

_BROKEN = (OSError, SlackClientError, ValueError, AttributeError)
_FAILED = Answer(text="Something went wrong here; it is in the log of umbrage. Please try again.")


class Answers:
    """Asks ``handle`` what a click gets, and shows it to the one who clicked. Called from several threads at once."""

    def __init__(
        self, *, bot_token: Callable[[], str], handle: Callable[[Click], Answer], base_url: str, quiet: logging.Logger
    ) -> None:
        self._bot_token = bot_token
        self._handle = handle
        self._base_url = base_url
        self._quiet = quiet

    def do(self, click: Click) -> None:
        """Ask and show."""
        self.give(click, self.ask(click))

    def ask(self, click: Click) -> Answer:
        """What the click gets; never raises."""
        try:
            return self._handle(click)
        except Exception as error:
            # What was clicked is named, what people wrote is not.
            log.error("click doing=%s failed unexpectedly: %s", click.doing, type(error).__name__, exc_info=error)
            return _FAILED

    def give(self, click: Click, answer: Answer) -> None:
        """Say, open or show what there is for the one who clicked; if that fails, only they have missed something."""
        try:
            client = WebClient(
                self._bot_token(), base_url=self._base_url, timeout=5, retry_handlers=[], logger=self._quiet
            )
            if answer.modal is not None and click.trigger:
                client.views_open(trigger_id=click.trigger, view=dict(answer.modal))
            if answer.home is not None and click.user:
                client.views_publish(user_id=click.user, view=dict(answer.home))
            if answer.text is not None:
                self._say(client, click, answer.text)
        except (*_BROKEN, ConfigError) as error:
            log.warning("an answer was not shown doing=%s error=%s", click.doing, type(error).__name__)

    def _say(self, client: WebClient, click: Click, text: str) -> None:
        if click.reply_to:
            hook = WebhookClient(click.reply_to, timeout=5, retry_handlers=[], logger=self._quiet)
            hook.send(text=text, response_type="ephemeral", replace_original=False)
        elif click.channel and click.user:
            client.chat_postEphemeral(channel=click.channel, user=click.user, text=text)
