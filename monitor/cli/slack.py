"""Commands that set Slack up: ``slack manifest`` and ``slack setup``."""

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    pass

FOLDER = Path("secrets")

CONFIG = """
[targets.support]
use = "slack"
channel = "{channel}"
token = {{ file = "{bot}" }}

[slack]
token = {{ file = "{bot}" }}
app_token = {{ file = "{app}" }}
workspaces = ["{team}"]
"""


@click.group()
def slack() -> None:
    """Set up the Slack app: buttons, the App Home and /umbrage.

    \b
    Example:  umbrage slack setup
    """


@slack.command()
@click.option("--link", "as_link", is_flag=True, help="Print a link that makes the app instead.")
@click.option("--url", help="For clicks over HTTP: the public https address that leads to slack.listen.")
def manifest(as_link: bool, url: str | None) -> None:
    """Print the manifest of the Slack app, with the least scopes that it needs.

    \b
    Example:  umbrage slack manifest > manifest.json
    """
    from monitor.slack.manifest import link, text

    if url is not None and not url.startswith("https://"):
        raise click.ClickException("Slack sends clicks to https:// addresses only")
    click.echo(link() if as_link else text(url))


@slack.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True)
@click.option("--base-url", default="https://slack.com/api/", hidden=True)
def setup(folder: Path, base_url: str) -> None:
    """Walk through the two tokens, try them out, and print what belongs into monitor.toml.

    The tokens go into files that only you may read, never into monitor.toml and never onto the command line.

    \b
    Example:  umbrage slack setup
    """
    from monitor.slack.manifest import link

    click.echo("1. Open this link, choose your workspace and create the app:\n")
    click.echo(f"   {link()}\n")
    click.echo("2. Install App > Install to Workspace, then copy the Bot User OAuth Token.")
    bot = click.prompt("   Bot token (xoxb-…)", hide_input=True).strip()
    team = _verified_bot(bot, base_url)
    click.echo("3. Basic Information > App-Level Tokens > Generate, with the scope connections:write.")
    app = click.prompt("   App-level token (xapp-…)", hide_input=True).strip()
    _verified_app(app, base_url)
    click.echo("4. In Slack, in the channel for complaints: /invite @umbrage. Its ID stands at the end of its details.")
    channel = click.prompt("   Channel ID (C…)").strip()
    files = {name: _kept(folder / name, token) for name, token in (("slack-bot", bot), ("slack-app", app))}
    click.echo("\nDone. This belongs into monitor.toml; then: umbrage check && umbrage send-test support")
    click.echo(CONFIG.format(channel=channel, team=team, bot=files["slack-bot"], app=files["slack-app"]))


def _verified_bot(token: str, base_url: str) -> str:
    answer = _asked(lambda client: client.auth_test(), token, "xoxb-", base_url, "bot token")
    click.echo(f"   works: {answer.get('user')} in {answer.get('team')}\n")
    return str(answer.get("team_id", ""))


def _verified_app(token: str, base_url: str) -> None:
    _asked(lambda client: client.apps_connections_open(app_token=token), token, "xapp-", base_url, "app-level token")
    click.echo("   works\n")


def _asked(ask: Any, token: str, prefix: str, base_url: str, name: str) -> Any:
    """The answer to a call with a token. What is wrong with it is said without it."""
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError, SlackClientError

    if not token.startswith(prefix):
        raise click.ClickException(f"this is no {name}: they begin with {prefix}")
    client: WebClient = WebClient(token, base_url=base_url, timeout=10, retry_handlers=[])
    try:
        return ask(client)
    except SlackApiError as error:
        code = error.response.get("error", "an unknown error")
        raise click.ClickException(f"Slack does not take this {name}: {code}") from None
    except (OSError, SlackClientError, ValueError) as error:
        raise click.ClickException(f"Slack cannot be reached ({type(error).__name__}); check the network") from None


def _kept(path: Path, token: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=stat.S_IRUSR | stat.S_IWUSR, exist_ok=True)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_text(token + "\n", encoding="utf-8")
    return path


COMMANDS = (slack,)
