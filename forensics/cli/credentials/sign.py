"""`forensics credentials sign`: write a file with Content Credentials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.credentials._passphrase import VARIABLE, passphrase
from forensics.cli.output import json_line
from forensics.cli.stamping import timestamp_of, timestamp_options
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.provenance.manifests import Manifest
    from forensics.provenance.signing import SignResult

__all__ = ["sign"]

TEMPLATES = ("made-by-model", "edited-by-model", "captured", "human-edit")
FILE = click.Path(path_type=Path, dir_okay=False)

EPILOG = f"The passphrase of an encrypted key is taken from ${VARIABLE} or asked for."


@click.command(epilog=EPILOG, no_args_is_help=True)
@click.argument("source", type=FILE)
@click.argument("destination", type=FILE)
@click.option("--cert", type=FILE, required=True, help="Certificate chain (PEM, leaf first).")
@click.option("--key", type=FILE, required=True, help="Private key of the leaf (PEM).")
@click.option("--template", type=click.Choice(TEMPLATES), help="What the file is.")
@click.option("--manifest", type=FILE, help="Manifest definition (JSON) in place of a template.")
@click.option("--model", help="Model, camera or editor that the template names.")
@click.option("--model-version", help="Its version.")
@click.option("--title", help="Title of the work; the name of the destination if not given.")
@click.option("--sidecar", is_flag=True, help="Write the manifest beside the file, which stays as it is.")
@click.option("--remote-url", metavar="URL", help="Address of the manifest, written into the file.")
@click.option("--parent", type=FILE, help="The file before the change; the source if not given.")
@click.option("--ingredient", type=FILE, multiple=True, help="A file that is part of it (repeatable).")
@timestamp_options
@click.option("--trust", type=FILE, help="Trust policy (TOML) for reading back.")
@click.option("--in-place", is_flag=True, help="Allow source and destination to be the same file.")
@click.option("--overwrite", is_flag=True, help="Replace an existing destination.")
@click.option("--discard-credentials", is_flag=True, help="Drop credentials that the source has.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def sign(source: Path, destination: Path, as_json: bool, **options: Any) -> int:
    """Sign SOURCE and write it to DESTINATION.

    What was written is read back and verified before it takes its place; if anything fails, nothing is
    left and the source is as it was.
    """
    from forensics.provenance.signers import PemSigner
    from forensics.provenance.signing import sign as write
    from forensics.provenance.trust import TrustPolicy

    manifest = _manifest(options)
    timestamp = timestamp_of(options)
    result = write(
        source,
        destination,
        manifest,
        PemSigner(options["cert"], options["key"], passphrase(options["key"])),
        sidecar=options["sidecar"],
        remote_url=options["remote_url"],
        ingredients=options["ingredient"],
        parent=options["parent"],
        policy=TrustPolicy.resolve(options["trust"]),
        timestamp=timestamp,
        overwrite=options["overwrite"],
        in_place=options["in_place"],
        discard_credentials=options["discard_credentials"],
    )
    click.echo(json_line(result) if as_json else _text(result))
    return 0


def _manifest(options: dict[str, Any]) -> Manifest:
    from forensics.provenance import manifests
    from forensics.provenance.manifest_json import load_manifest

    template, model, version = options["template"], options["model"], options["model_version"]
    extras: manifests.Extras = {} if options["title"] is None else {"title": options["title"]}
    if (template is None) == (options["manifest"] is None):
        raise UsageError(f"say what the file is: --manifest FILE, or --template {'|'.join(TEMPLATES)}")
    if template is None:
        if model or version:
            raise UsageError("--model goes with a template; a manifest names its software itself")
        given = load_manifest(options["manifest"])
        return given if not extras else given.model_copy(update=dict(extras))
    if version and not model:
        raise UsageError("--model-version needs --model")
    if template == "captured":
        return manifests.captured(model, version, **extras)
    if template == "human-edit":
        return manifests.human_edit(model, version, **extras)
    if not model:
        raise UsageError(f"--template {template} needs --model NAME")
    if template == "made-by-model":
        return manifests.made_by_model(model, version, **extras)
    return manifests.edited_by_model(model, version, **extras)


def _text(result: SignResult) -> str:
    from forensics.report.safe import printable

    lines = [f"{printable(str(result.path))}: {result.state.value}"]
    if result.sidecar is not None:
        lines.append(f"  manifest   {printable(str(result.sidecar))} ({result.manifest_bytes} bytes)")
    else:
        lines.append(f"  manifest   {result.manifest_bytes} bytes, embedded")
    if result.chain.value == "broken":
        lines.append("  history    broken: an ingredient does not verify")
    if result.timestamped:
        lines.append("  time stamp yes")
    elif result.timestamp_problem:
        lines.append(f"  time stamp none: {printable(result.timestamp_problem)}")
    return "\n".join(lines)
