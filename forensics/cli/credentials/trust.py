"""`forensics credentials trust`: whom to trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.provenance import TrustPolicy

__all__ = ["trust"]

KINDS = ("signer", "tsa", "identity")

_POLICY = click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Policy file; else $FORENSICS_TRUST, else your own.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")


@click.group()
def trust() -> None:
    """Say whom to trust: named lists of certificates, kept in a policy file.

    Without a policy nobody is trusted. The official lists are published by the C2PA in the repository
    c2pa-org/conformance-public; download them yourself, then import the files.
    """


@trust.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--kind", type=click.Choice(KINDS), help="What the list may vouch for.  [default: signer]")
@click.option("--name", help="Name of the list.  [default: from the file name]")
@click.option("--replace", is_flag=True, help="Take the place of a list of that name.")
@_POLICY
def import_(file: Path, kind: str | None, name: str | None, replace: bool, policy: Path | None) -> None:
    """Add the certificates of FILE (PEM), such as the official C2PA trust list, to the policy.

    The policy file is rewritten in one step; comments in it are not kept.
    """
    from forensics.provenance.certificates import describe_certificates
    from forensics.provenance.trust import ListKind
    from forensics.provenance.trust_file import add_list, list_name, write_policy

    if kind is None and "tsa" in file.name.lower():
        raise UsageError(
            f"{file.name} looks like a list of time-stamping authorities; say --kind tsa or --kind signer"
        )
    target = _target(policy)
    chosen = list_name(file) if name is None else name
    before = _load(target)
    after = add_list(before, file, name=chosen, kind=ListKind(kind or "signer"), replace=replace)
    write_policy(after, target)
    added = after.lists[-1]
    count = len(describe_certificates(added.pem))
    click.echo(f"{target}: list {added.name!r} ({added.kind.value}), {count} certificates")


@trust.command("list")
@_POLICY
@_JSON
def list_(policy: Path | None, as_json: bool) -> None:
    """List the lists of the policy in force."""
    from forensics.provenance.certificates import describe_certificates

    target = _target(policy)
    rows = [
        {
            "name": entry.name,
            "kind": entry.kind.value,
            "trusted": entry.trusted,
            "certificates": len(describe_certificates(entry.pem)),
        }
        for entry in _load(target, missing_ok=policy is None).lists
    ]
    if as_json:
        click.echo(json.dumps({"policy": str(target), "lists": rows}))
        return
    click.echo(f"{target}{'' if target.is_file() else ' (not there: nobody is trusted)'}")
    for row in rows:
        note = "" if row["trusted"] else ", named but not trusted"
        click.echo(f"  {row['name']}: {row['kind']}, {row['certificates']} certificates{note}")


@trust.command()
@click.argument("name", required=False)
@_POLICY
@_JSON
def show(name: str | None, policy: Path | None, as_json: bool) -> None:
    """Show the certificates of one list, or of all."""
    from forensics.errors import TrustPolicyError
    from forensics.provenance.certificates import describe_certificates
    from forensics.report.safe import printable

    target = _target(policy)
    lists = [e for e in _load(target, missing_ok=policy is None).lists if name in (None, e.name)]
    if name is not None and not lists:
        raise TrustPolicyError(f"{target}: there is no list {name!r}")
    for entry in lists:
        certificates = describe_certificates(entry.pem)
        if as_json:
            shown = [certificate.model_dump() for certificate in certificates]
            click.echo(json.dumps({"name": entry.name, "kind": entry.kind.value, "certificates": shown}))
            continue
        click.echo(f"{entry.name} ({entry.kind.value})")
        for certificate in certificates:
            click.echo(f"  {printable(certificate.subject)}")
            click.echo(f"    until {certificate.not_after}, SHA-256 {certificate.sha256}")


@trust.command()
@click.argument("name")
@_POLICY
def remove(name: str, policy: Path | None) -> None:
    """Remove the list NAME from the policy."""
    from forensics.provenance.trust_file import remove_list, write_policy

    target = _target(policy)
    write_policy(remove_list(_load(target), name), target)
    click.echo(f"{target}: list {name!r} removed")


def _target(policy: Path | None) -> Path:
    from forensics.provenance.trust import policy_path, user_policy_path

    return policy_path(policy) or user_policy_path()


def _load(target: Path, *, missing_ok: bool = True) -> TrustPolicy:
    from forensics.provenance.trust import TrustPolicy

    if missing_ok and not target.exists():
        return TrustPolicy.default()
    return TrustPolicy.load(target)
