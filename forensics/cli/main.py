"""Entry point: the table of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys

import click

from forensics import __version__
from forensics.cli.lazy import LazyGroup
from forensics.errors import ForensicsError

__all__ = ["OWN_FAILURE", "cli", "main"]

OWN_FAILURE = 4

COMMANDS = {
    "audit": ("forensics.cli.audit:audit", "Say what a picture or clip is, and how that is known."),
    "credentials": ("forensics.cli.credentials:credentials", "Read, verify and sign Content Credentials."),
    "detectors": ("forensics.cli.detectors:detectors", "List the detectors and what they rest on."),
}

EPILOG = (
    "Exit status: 0 done; 1 a finding named by --fail-on, or a verification that failed; 2 usage; "
    "3 some input unreadable; 4 our own failure."
)


@click.group(
    cls=LazyGroup, lazy=COMMANDS, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="forensics")
@click.option("--debug", is_flag=True, help="Show the traceback of an error and debug logs.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Provenance and forensics of pictures and clips."""
    ctx.obj = {"debug": debug}
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(name)s: %(message)s")


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        args: Arguments without the program name; `sys.argv[1:]` if None.
    """
    arguments = sys.argv[1:] if args is None else args
    debug = "--debug" in arguments
    try:
        status = cli.main(arguments, prog_name="forensics", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ForensicsError as error:
        if debug:
            raise
        click.echo(f"forensics: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        click.echo(f"forensics: our own failure, please report it: {type(error).__name__}: {error}", err=True)
        sys.exit(OWN_FAILURE)
    sys.exit(status if isinstance(status, int) else 0)
