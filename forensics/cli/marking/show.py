"""`forensics marking show`: what files are marked with."""

from __future__ import annotations

import click

__all__ = ["show"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(as_json: bool) -> int:
    """Show key, certificate, trust and store that files are marked with; no secret is shown."""
    from forensics.cli.marking.showing import shown
    from forensics.errors import UsageError
    from forensics.marking.identity import missing, own_identity

    gone = missing()
    if gone:
        raise UsageError(f"there is no {', no '.join(gone)}; `forensics marking init` makes what is missing")
    click.echo(shown(own_identity(), as_json=as_json))
    return 0
