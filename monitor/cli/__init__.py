"""The command line. Every command imports what it needs when it runs, so that ``--help`` is instant."""

import sys

import click

from monitor import __version__
from monitor.cli import (
    casework,
    database,
    digests,
    engagement,
    first,
    gaps,
    learning,
    looking,
    recorded,
    running,
    scoring,
    slack,
    status,
    surges,
    training,
)
from monitor.cli.common import exit_code, show_error
from monitor.core.errors import UmbrageError

EXIT_CODES = """\b
Exit codes:
  0  done
  1  done, and something needs attention (said on standard error)
  2  the command was not understood
  3  the configuration has problems
  4  the database cannot be used
  5  the classifier cannot run
  6  a source or target failed
"""


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="umbrage")
def umbrage() -> None:
    """Hear public complaints about your brand within minutes, and see each one through.

    \b
    Start here:   umbrage demo
    Then:         umbrage init && umbrage check && umbrage run
    """


for module in (
    recorded,
    first,
    running,
    status,
    gaps,
    digests,
    casework,
    engagement,
    surges,
    slack,
    looking,
    scoring,
    learning,
    training,
    database,
):
    for command in module.COMMANDS:
        umbrage.add_command(command)


def main() -> None:
    """Run the command line; errors that a person can fix are said in words and set the exit code."""
    try:
        # Outside its own mode click returns the exit code that a command ended with.
        ended = umbrage.main(standalone_mode=False)
        sys.exit(ended if isinstance(ended, int) else 0)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has had enough; that is no error.
        sys.stderr.close()
        sys.exit(0)
    except UmbrageError as error:
        show_error(error)
        sys.exit(exit_code(error))
