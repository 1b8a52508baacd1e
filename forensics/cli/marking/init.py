"""`forensics marking init`: make what is missing of the user's own identity."""

from __future__ import annotations

import click

__all__ = ["init"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def init(as_json: bool) -> int:
    """Make a watermark key, a private certificate authority and a store, as far as they are missing.

    Nothing that is there is replaced. Your own trust policy gets the root, so that your files read as
    trusted here; nobody else trusts it. Files are signed by a certificate of a public authority with
    `forensics mark --cert --key`.
    """
    from forensics.cli.marking.showing import shown
    from forensics.marking import own_identity

    click.echo(shown(own_identity(), as_json=as_json))
    return 0
