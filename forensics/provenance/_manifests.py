"""One manifest as a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from forensics.provenance._json import entries, mapping, text
from forensics.provenance._trusting import Trusting
from forensics.provenance.chain import Node
from forensics.provenance.report import Action, Ingredient, ManifestReport, SignedTime, Signer

__all__ = ["describe"]

_SERIAL_DIGITS = 60


def describe(node: Node, trusting: Trusting, issuer: Callable[[int], str], *, active: bool) -> ManifestReport:
    """Describe one manifest of the chain.

    Args:
        node: The manifest.
        trusting: Whom the policy trusts.
        issuer: Finds who issued the certificate with a serial number.
        active: Whether it is the active one.
    """
    manifest, label = node.manifest, node.label
    assertions = entries(manifest.get("assertions"))
    return ManifestReport(
        label=label,
        active=active,
        title=text(manifest.get("title")),
        format=text(manifest.get("format")),
        generator=_generator(manifest),
        signer=_signer(mapping(manifest.get("signature_info")), issuer),
        signed_time=_signed_time(manifest, trusting.time(label)),
        trusted=trusting.signer_list(label) is not None,
        intact=not any(entry.damning for entry in trusting.statuses.of(label)),
        actions=tuple(_actions(assertions, manifest.get("claim_version") == 1)),
        ingredients=tuple(
            Ingredient(title=e.title, relationship=e.relationship, manifest=e.target, failed=e.failed)
            for e in node.edges
        ),
        assertions=tuple(text(assertion.get("label")) for assertion in assertions),
        soft_bindings=tuple(_soft_bindings(assertions)),
    )


def _generator(manifest: dict[str, Any]) -> str:
    information = entries(manifest.get("claim_generator_info"))
    return _software(information[0]) if information else text(manifest.get("claim_generator"))


def _software(value: object) -> str:
    """Return name and version of a program, which stands as a word or as an object."""
    if isinstance(value, str):
        return text(value)
    program = mapping(value)
    return f"{text(program.get('name'))} {text(program.get('version'))}".strip()


def _signer(signature: dict[str, Any], find_issuer: Callable[[int], str]) -> Signer | None:
    organisation, common = text(signature.get("issuer")), text(signature.get("common_name"))
    if not (organisation or common):
        return None
    serial = text(signature.get("cert_serial_number"))
    number = int(serial) if serial.isascii() and serial.isdigit() and len(serial) <= _SERIAL_DIGITS else None
    return Signer(
        subject=common or organisation,
        organisation=organisation,  # the SDK calls the organisation of the subject 'issuer'
        issuer="" if number is None else find_issuer(number),
        algorithm=text(signature.get("alg")),
        serial="" if number is None else f"{number:x}",
    )


def _signed_time(manifest: dict[str, Any], trusted: bool) -> SignedTime | None:
    value = text(mapping(manifest.get("signature_info")).get("time"))
    return SignedTime(value=value, trusted=trusted) if value else None


def _actions(assertions: list[dict[str, Any]], first_version: bool) -> Iterator[Action]:
    for assertion in assertions:
        if text(assertion.get("label")).startswith("c2pa.actions"):
            for action in entries(mapping(assertion.get("data")).get("actions")):
                yield Action(
                    name=text(action.get("action")),
                    software=_software(action.get("softwareAgent")),
                    when=text(action.get("when")),
                    source_type=text(action.get("digitalSourceType")),
                    # Claims of version 1 know no gathered assertions.
                    created=first_version or assertion.get("created") is True,
                )


def _soft_bindings(assertions: list[dict[str, Any]]) -> Iterator[str]:
    for assertion in assertions:
        if text(assertion.get("label")).startswith("c2pa.soft-binding"):
            data = mapping(assertion.get("data"))
            for block in entries(data.get("blocks")):
                yield f"{text(data.get('alg'))}:{text(block.get('value'))}"
