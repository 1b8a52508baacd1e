"""`forensics credentials inspect`: everything that the credentials of a file say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.output import console

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from forensics.provenance import CredentialReport, Ingredient, ManifestReport

__all__ = ["inspect"]

DEEPEST = 24


@click.command(no_args_is_help=True)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a tree.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust policy (TOML).")
@click.option(
    "--sidecar", type=click.Path(path_type=Path, dir_okay=False), help="Manifest store of the file."
)
def inspect(file: Path, as_json: bool, trust: Path | None, sidecar: Path | None) -> None:
    """Show everything that the credentials of FILE say, and whether it holds.

    Nothing is fetched from the network.
    """
    from forensics.provenance import TrustPolicy, read

    report = read(file, TrustPolicy.resolve(trust), sidecar=sidecar)
    if as_json:
        click.echo(json.dumps({"path": str(file), "credentials": report.model_dump(mode="json")}))
        return
    console().print(_tree(file, report))


def _tree(file: Path, report: CredentialReport) -> Tree:
    from rich.tree import Tree

    tree = Tree(_text(str(file), "bold"))
    tree.add(_pair("state", report.state.value))
    tree.add(_text(report.message))
    if report.remote_url:
        tree.add(_pair("address, not fetched", report.remote_url))
    if not report.manifests:
        return tree
    tree.add(_pair("chain", report.chain.value))
    tree.add(_pair("trust list", report.trust_list or "none matched"))
    signal = report.ai_signal
    vouched = " (vouched for)" if signal.trusted else " (a claim)" if signal.sources else ""
    tree.add(_pair("AI signal", f"{signal.kind.value}{vouched}"))
    for source in signal.sources:
        tree.add(_pair(f"  {source.where}", source.value))
    _add_manifest(tree, report.manifests[0].label, {m.label: m for m in report.manifests}, set(), 0)
    failures = [code for code in report.codes if code.failure]
    if failures:
        branch = tree.add(_text("failures", "bold red"))
        for code in failures:
            branch.add(_pair(code.code, code.explanation))
    return tree


def _add_manifest(
    tree: Tree, label: str, manifests: dict[str, ManifestReport], seen: set[str], depth: int
) -> None:
    """Draw a manifest and what it was made from; each once, and not deeper than can be read."""
    manifest = manifests.get(label)
    if manifest is None or label in seen or depth > DEEPEST:
        tree.add(_pair("manifest", f"{label} (shown above, missing or too deep)"))
        return
    seen.add(label)
    branch = tree.add(_pair("active manifest" if manifest.active else "manifest", label))
    for name, value in _facts(manifest):
        branch.add(_pair(name, value))
    for action in manifest.actions:
        said = "" if action.created else "  [passed on, not vouched for]"
        words = [action.name, action.source_type, action.software, action.when]
        branch.add(_pair("action", "  ".join(word for word in words if word) + said))
    for ingredient in manifest.ingredients:
        below = branch.add(_ingredient(ingredient))
        if ingredient.manifest:
            _add_manifest(below, ingredient.manifest, manifests, seen, depth + 1)


def _facts(manifest: ManifestReport) -> list[tuple[str, str]]:
    """Return what to show of a manifest, without what it does not say."""
    facts = [("title", manifest.title), ("made with", manifest.generator)]
    if manifest.signer:
        signer = manifest.signer
        known = "trusted" if manifest.trusted else "not known to the policy"
        name = signer.subject
        if signer.organisation and signer.organisation != signer.subject:
            name = f"{signer.subject} ({signer.organisation})"
        facts += [("signed by", f"{name}, {known}"), ("certified by", signer.issuer)]
        facts.append(("signature", f"{signer.algorithm}, serial number {signer.serial}"))
    if manifest.signed_time:
        vouched = "vouched for" if manifest.signed_time.trusted else "not vouched for"
        facts.append(("signed at", f"{manifest.signed_time.value}, {vouched}"))
    facts.append(("intact", "yes" if manifest.intact else "no"))
    facts.append(("assertions", ", ".join(manifest.assertions)))
    facts += [("soft binding", binding) for binding in manifest.soft_bindings]
    return [(name, value) for name, value in facts if value]


def _ingredient(ingredient: Ingredient) -> Text:
    from rich.text import Text

    return Text.assemble(
        _pair(ingredient.relationship or "ingredient", ingredient.title),
        _text(f"  does not verify: {', '.join(ingredient.failed)}" if ingredient.failed else "", "red"),
    )


def _pair(name: str, value: str) -> Text:
    from rich.text import Text

    return Text.assemble(_text(f"{name}: ", "dim"), _text(value))


def _text(value: str, style: str = "") -> Text:
    """Return text in which nothing is hidden and nothing is markup."""
    from rich.text import Text

    from forensics.report.safe import printable

    return Text(printable(value), style=style)
