"""Entry point: the table of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from forensics import __version__
from forensics.cli.lazy import LazyGroup
from forensics.cli.output import settle, tolerate
from forensics.cli.status import INTERRUPTED, OWN_FAILURE, PIPE_CLOSED
from forensics.errors import ForensicsError
from forensics.report.safe import printable

__all__ = ["cli", "main"]

COMMANDS = {
    "audit": ("forensics.cli.audit:audit", "Say what a picture or clip is, and how that is known."),
    "scan": ("forensics.cli.scan:scan", "Audit many files, and write one row for each."),
    "results": ("forensics.cli.results:results", "Work with what a scan came to."),
    "credentials": ("forensics.cli.credentials:credentials", "Read, verify and sign Content Credentials."),
    "watermark": ("forensics.cli.watermark:watermark", "Mark pictures, find marks, and say whose they are."),
    "keys": ("forensics.cli.keys:keys", "Give out decoders that sign, and say who has which."),
    "store": ("forensics.cli.store:store", "Keep manifests where files that lost theirs find them again."),
    "mark": ("forensics.cli.mark:mark", "Mark what was generated: watermark, credentials and entry at once."),
    "marking": ("forensics.cli.marking:marking", "What you mark with, and whether and how files are marked."),
    "recover": ("forensics.cli.recover:recover", "Say where files are from that lost their credentials."),
    "generate": ("forensics.cli.generate:generate", "Draw pictures with a built-in or trained generator."),
    "reconstruct": (
        "forensics.cli.reconstruct:reconstruct",
        "Take pictures to the noise of a generator and back.",
    ),
    "train": ("forensics.cli.train:train", "Train models on pictures of yours."),
    "evaluate": ("forensics.cli.evaluate:evaluate", "Measure models of yours."),
    "calibrate": (
        "forensics.cli.calibrate.command:calibrate",
        "Weigh the detectors' scores on pictures of yours.",
    ),
    "export": (
        "forensics.cli.export:export",
        "Write networks as ONNX: fewer bits, fixed sizes, and the loss.",
    ),
    "datasets": (
        "forensics.cli.datasets:datasets",
        "Read published sets, build aligned ones, and find what leaks.",
    ),
    "camera": ("forensics.cli.camera:camera", "Say which of your cameras took a picture."),
    "detectors": ("forensics.cli.detectors:detectors", "List the detectors and what they rest on."),
}

LONGEST = 2000
EPILOG = (
    "Exit status: 0 done; 1 a finding named by --fail-on, a verification that failed, or a mark that does "
    "not hold; 2 usage; 3 some input unreadable; 4 our own failure; 130 interrupted; 141 nobody reads the "
    "output any more."
)


class _PipeClosedError(Exception):
    """Standard output was closed. Not an `OSError`: click would exit with 1 for it, which means a finding."""


class _Root(LazyGroup):
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _closing_pipes():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _closing_pipes():
            return super().invoke(ctx)


@contextmanager
def _closing_pipes() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _PipeClosedError from error


@click.group(
    cls=_Root, lazy=COMMANDS, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
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
    tolerate()
    status = _run(sys.argv[1:] if args is None else args)
    settle()
    exec("")  # noqa: S102 - Python would end of a Ctrl-C that came in the `exec` of a library, caught or not
    sys.exit(status)


def _run(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        status = cli.main(arguments, prog_name="forensics", standalone_mode=False)
    except click.exceptions.Abort:
        return _complain("interrupted", INTERRUPTED)
    except click.ClickException as error:
        with suppress(BrokenPipeError):
            error.show()
        return error.exit_code
    except ForensicsError as error:
        if debug:
            raise
        return _complain(f"forensics: {error}", error.exit_code)
    except _PipeClosedError:
        return PIPE_CLOSED
    except Exception as error:
        return _failure(error, debug=debug)
    return status if isinstance(status, int) else 0


def _failure(error: Exception, *, debug: bool) -> int:
    if isinstance(error.__cause__, KeyboardInterrupt):  # which came while a library made a class
        return _complain("interrupted", INTERRUPTED)
    if debug:
        raise error
    message = f"our own failure, please report it: {type(error).__name__}: {error}"
    return _complain(f"forensics: {message}", OWN_FAILURE)


def _complain(text: str, status: int) -> int:
    """Say on standard error what went wrong; file names in it may be hostile."""
    with suppress(BrokenPipeError):
        click.echo(printable(text, LONGEST), err=True)
    return status
