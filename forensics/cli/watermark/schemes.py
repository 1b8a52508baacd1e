"""`forensics watermark schemes`: whose marks can be read, and what that needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from forensics.cli.watermark.options import json_option
from forensics.cli.watermark.records import Record, json_text

if TYPE_CHECKING:
    from forensics.watermark.others.base import About

__all__ = ["schemes"]


@click.command()
@json_option
def schemes(as_json: bool) -> int:
    """List the marks of others that `detect --schemes` reads, what each needs, and what it cannot say."""
    from forensics.watermark.others.base import SCHEMES

    for scheme in SCHEMES:
        record = _record(scheme.about)
        click.echo(json_text(record) if as_json else _text(record))
    return 0


def _record(about: About) -> Record:
    return {
        "scheme": about.name,
        "title": about.title,
        "payload_bits": list(about.lengths) or None,
        "known_payloads": [message.name for message in about.messages],
        "presence_test": about.presence,
        "limits": about.limits,
        "needs": about.weights,
        "ready": _missing(about) is None,
        "missing": _missing(about),
    }


def _missing(about: About) -> str | None:
    """Return what is missing to read this scheme, None if nothing is."""
    from importlib.util import find_spec

    from forensics.errors import UsageError
    from forensics.watermark.others.weights import find_weights

    if about.weights is None:
        return None
    if find_spec("onnxruntime") is None:
        return "the extra: pip install 'synthetic-media-forensics[cpu]'"
    try:
        find_weights(about.weights)
    except UsageError as error:
        return str(error)
    return None


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    bits = record["payload_bits"]
    lines = [
        f"{record['scheme']}: {record['title']}",
        f"  payload    {' or '.join(map(str, bits)) if bits else 'any number of'} bits",
        f"  presence   {record['presence_test']}",
        f"  limits     {record['limits']}",
    ]
    if record["known_payloads"]:
        lines.append(f"  known      {', '.join(record['known_payloads'])}")
    lines.append(f"  ready      {printable('yes' if record['ready'] else 'no: ' + record['missing'], 600)}")
    return "\n".join(lines)
