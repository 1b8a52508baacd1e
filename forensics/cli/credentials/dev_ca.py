"""`forensics credentials dev-ca`: a private certificate authority for development."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["dev_ca"]

ALGORITHMS = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")


@click.command(name="dev-ca", no_args_is_help=True)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--organisation", default="Forensics development", show_default=True, help="Name to sign as.")
@click.option("--days", type=int, default=365, show_default=True, help="Validity of the signing certificate.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="es256", show_default=True)
def dev_ca(directory: Path, organisation: str, days: int, algorithm: str) -> int:
    """Make a private root, issuing CA and signing certificate in DIRECTORY, for development only.

    They work with every C2PA tool, but nobody trusts them who was not told to.
    """
    from shlex import quote

    from forensics.provenance.dev_ca import create_dev_ca

    made = create_dev_ca(directory, organisation=organisation, days=days, algorithm=algorithm)
    chain, key, trust = (quote(str(path)) for path in (made.chain, made.key, made.trust))
    click.echo(
        f"{directory}: FOR DEVELOPMENT ONLY, {made.algorithm.value}, valid until {made.expires:%Y-%m-%d}\n"
        "\n"
        "Sign a picture, and read it back:\n"
        f"  forensics credentials sign IN.jpg OUT.jpg --cert {chain} --key {key} "
        "--template made-by-model --model NAME\n"
        f"  forensics credentials verify OUT.jpg --trust {trust}"
    )
    return 0
