"""Passphrases come from the environment or a prompt: arguments stand in process lists and histories."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from forensics.errors import UsageError

__all__ = ["VARIABLE", "passphrase"]

VARIABLE = "FORENSICS_KEY_PASSPHRASE"


def passphrase(key: Path) -> str | None:
    """Return the passphrase of a key, None if it needs none.

    Raises:
        CertificateError: The key cannot be read.
        UsageError: One is needed, but neither the environment nor a person gives it.
    """
    from forensics.provenance.keys import is_encrypted

    if not is_encrypted(key):
        return None
    if given := os.environ.get(VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"{key.name} is encrypted: set {VARIABLE}, or run in a terminal to be asked")
    return str(click.prompt(f"Passphrase of {key.name}", hide_input=True, err=True))
