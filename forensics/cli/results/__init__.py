"""`forensics results`: what a scan came to."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["results"]

COMMANDS = {
    "summary": ("forensics.cli.results.summary:summary", "Numbers of a scan."),
    "query": ("forensics.cli.results.query:query", "Ask the rows of a scan in SQL."),
    "diff": ("forensics.cli.results.diff:diff", "What changed between two scans, and why."),
    "export": ("forensics.cli.results.export:export", "Write rows for other tools."),
    "verify": (
        "forensics.cli.results.verify:verify",
        "Check the signature, the rows and the counts of a scan.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def results() -> None:
    """Work with what a scan came to."""
