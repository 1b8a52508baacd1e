"""`forensics credentials`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["credentials"]

COMMANDS = {
    "inspect": (
        "forensics.cli.credentials.inspect:inspect",
        "Show everything that the credentials of a file say.",
    ),
    "verify": ("forensics.cli.credentials.verify:verify", "Check whether the credentials of files hold."),
    "sign": ("forensics.cli.credentials.sign:sign", "Write a copy of a file that carries credentials."),
    "dev-ca": (
        "forensics.cli.credentials.dev_ca:dev_ca",
        "Make a private certificate authority for development.",
    ),
    "doctor": (
        "forensics.cli.credentials.doctor:doctor",
        "Explain why a certificate would be refused for signing.",
    ),
    "trust": ("forensics.cli.credentials.trust:trust", "Say whom to trust: list, import and remove."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def credentials() -> None:
    """Read, verify and sign Content Credentials (C2PA)."""
