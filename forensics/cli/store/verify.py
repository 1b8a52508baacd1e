"""`forensics store verify`: is the past of the store as it was written?"""

from __future__ import annotations

import json

import click

from forensics.cli.status import FOUND
from forensics.cli.store.options import json_option, opened, place_option

__all__ = ["verify"]


@click.command(epilog="Exit status 1 if something does not hold.")
@click.option("--head", metavar="HASH", help="Head that `stats` gave earlier and that was kept elsewhere.")
@place_option
@json_option
def verify(head: str | None, place: str | None, as_json: bool) -> int:
    """Check every entry against the chain of hashes.

    Whoever can write the database can write a new chain as well, or cut off its end. Only a head that was
    kept elsewhere shows that.
    """
    with opened(place) as store:
        found = store.verify(head)
    if as_json:
        facts = {"intact": found.intact, "entries": found.entries, "head": found.head}
        click.echo(json.dumps({**facts, "problems": list(found.problems)}))
    else:
        from forensics.report.safe import printable

        click.echo(f"{'OK' if found.intact else 'FAILED'}  {found.entries} entries, head {found.head}")
        for problem in found.problems:
            click.echo(f"  {printable(problem, 600)}")
    return 0 if found.intact else FOUND
