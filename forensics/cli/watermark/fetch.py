"""`forensics watermark fetch`: get the weights that a scheme needs, once, and only when asked."""

from __future__ import annotations

import click

from forensics.cli.watermark.options import json_option
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import UsageError

__all__ = ["fetch"]


@click.command(no_args_is_help=True)
@click.argument("scheme")
@click.option("--from", "where", metavar="URL|FILE", help="Where it is; else where its publisher offers it.")
@click.option("--sha256", metavar="HEX", help="Its hash; needed where no publication states it.")
@json_option
def fetch(scheme: str, where: str | None, sha256: str | None, as_json: bool) -> int:
    """Fetch the weights that SCHEME needs, check their SHA-256, and keep them for `detect --schemes`.

    This is the only command of marks that opens a connection: over HTTPS, to the address that is given or
    known (see the manual for the list). What has another hash is not kept.
    """
    from forensics.report.safe import printable
    from forensics.watermark.others.base import SCHEMES
    from forensics.watermark.others.download import fetched
    from forensics.watermark.others.weights import SOURCES, save_weights

    needed = SCHEMES.get(scheme).about.weights if scheme in SCHEMES else scheme
    if needed is None:
        raise UsageError(f"{scheme} needs no weights")
    if needed not in SOURCES:
        raise UsageError(f"no scheme is called {scheme!r}; there are: {', '.join(SCHEMES.names())}")
    source = SOURCES[needed]
    address = where or source.url
    if address is None:
        raise UsageError(f"say with --from where the weights of {scheme} are")
    data = fetched(source, address, sha256)
    try:
        path = save_weights(needed, data)
    except OSError as error:
        raise UsageError(f"cannot keep the weights: {error.strerror or error}") from None
    record = {"weights": needed, "path": name_of(path), "sha256": path.name.split(".")[1], "bytes": len(data)}
    shown = printable(str(record["path"]), 2000)
    click.echo(json_text(record) if as_json else f"{needed}: {len(data)} bytes, kept as {shown}")
    return 0
