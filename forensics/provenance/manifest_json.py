"""Manifest definitions as JSON: reading one that a user wrote, writing the one that the SDK takes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from forensics.errors import ManifestError
from forensics.provenance.manifests import Manifest, validated

__all__ = ["PARENT_LABEL", "Component", "Relationship", "created_labels", "definition", "load_manifest"]

MAX_JSON_BYTES = 4 << 20
PARENT_LABEL = "parent"
ACTIONS, SOFT_BINDING = "c2pa.actions", "c2pa.soft-binding"
_KEYS = {"assertions", "claim_generator_info", "title"}
# c2patool keeps these in the same file; here they are arguments of signing, so that a manifest is no secret.
_ELSEWHERE = {
    "alg": "the algorithm follows from the key",
    "ingredients": "ingredients are given to sign(), or with --parent and --ingredient",
    "private_key": "the key is given to sign(), or with --key",
    "sign_cert": "the certificate is given to sign(), or with --cert",
    "ta_url": "the time-stamping authority is given to sign(), or with --timestamp",
}


class Relationship(StrEnum):
    """What an ingredient was to the file."""

    COMPONENT = "componentOf"  # a part of it is visible in the file
    INPUT = "inputTo"  # it was put into a model or filter
    PARENT = "parentOf"  # the file is a changed version of it


@dataclass(frozen=True)
class Component:
    """An ingredient as the definition refers to it.

    Attributes:
        label: Name by which actions point to it.
        relationship: What it was to the file.
    """

    label: str
    relationship: Relationship


def load_manifest(source: str | os.PathLike[str] | bytes) -> Manifest:
    """Read a manifest definition in the JSON form of the C2PA tools, and check it.

    Known keys are `claim_generator_info` (one entry), `title` and `assertions`; what is an action or a
    soft binding becomes a typed record.

    Args:
        source: Path of a JSON file, or JSON as bytes.

    Raises:
        ManifestError: Unreadable, not JSON, or a part of it is wrong; the message names the part.
    """
    document = _document(source)
    for key in document:
        if key not in _KEYS:
            raise ManifestError(
                f"manifest: {key}: {_ELSEWHERE.get(key, 'unknown key')}", expected=sorted(_KEYS)
            )
    fields: dict[str, Any] = {"assertions": []}
    if "title" in document:
        fields["title"] = document["title"]
    if "claim_generator_info" in document:
        fields["generator"] = _only(document["claim_generator_info"], "claim_generator_info")
    entries = document.get("assertions")
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ManifestError("manifest: assertions: a list of objects with `label` and `data` is needed")
    for entry in entries:
        _sort_in(entry, fields)
    if "actions" not in fields:
        raise ManifestError(f"manifest: assertions: there is no {ACTIONS!r}: say how the file came to be")
    return validated(fields)


def definition(manifest: Manifest, title: str, components: tuple[Component, ...]) -> str:
    """Return the JSON that the SDK takes.

    A parent is named by the action that opens it, an input by the last action that is neither opening nor
    placing, a component by a `c2pa.placed` action of its own.

    Args:
        manifest: What is claimed.
        title: Title where the manifest has none.
        components: The ingredients that will be added, under these labels.
    """
    assertions: list[dict[str, Any]] = [
        {
            "label": ACTIONS,
            "data": {
                "actions": _actions(manifest, components),
                "allActionsIncluded": manifest.all_actions_included,
            },
        }
    ]
    for binding in manifest.soft_bindings:
        data = {"alg": binding.alg, "blocks": [{"scope": {}, "value": binding.value}]}
        assertions.append({"label": SOFT_BINDING, "data": data})
    assertions += [{"label": a.label, "data": a.data} for a in manifest.assertions]
    return json.dumps(
        {
            "claim_generator_info": [manifest.generator.model_dump(exclude_none=True)],
            "title": manifest.title or title,
            "assertions": assertions,
        }
    )


def created_labels(manifest: Manifest) -> list[str]:
    """Return the labels of what the signer vouches for: everything. The SDK's default is nothing."""
    own = [assertion.label for assertion in manifest.assertions]
    return [ACTIONS, SOFT_BINDING, "c2pa.ingredient", *dict.fromkeys(own)]


def _actions(manifest: Manifest, components: tuple[Component, ...]) -> list[dict[str, Any]]:
    actions = list(manifest.actions)
    by_relationship = {
        relation: [c.label for c in components if c.relationship is relation] for relation in Relationship
    }
    if parents := by_relationship[Relationship.PARENT]:
        actions[0] = actions[0].using(parents)
    if inputs := by_relationship[Relationship.INPUT]:
        position = 1 if manifest.opens and len(actions) > 1 else 0
        actions[position] = actions[position].using(inputs)
    written = [a.model_dump(mode="json", by_alias=True, exclude_none=True) for a in actions]
    for label in by_relationship[Relationship.COMPONENT]:
        written.append({"action": "c2pa.placed", "parameters": {"ingredientIds": [label]}})
    return written


def _document(source: str | os.PathLike[str] | bytes) -> dict[str, Any]:
    if isinstance(source, bytes):
        content = source
    else:
        try:
            with Path(source).open("rb") as file:
                content = file.read(MAX_JSON_BYTES + 1)
        except OSError as error:
            raise ManifestError(f"cannot read the manifest {source}: {error.strerror or error}") from error
    if len(content) > MAX_JSON_BYTES:
        raise ManifestError(f"the manifest is larger than {MAX_JSON_BYTES} bytes")
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"the manifest is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ManifestError("the manifest must be a JSON object", actual=type(document).__name__)
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _only(value: object, key: str) -> dict[str, Any]:
    """Return the one entry of a list, as C2PA 2 demands of the claim generator."""
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise ManifestError(f"manifest: {key}: a list of exactly one object is needed")
    return value[0]


def _sort_in(entry: dict[str, Any], fields: dict[str, Any]) -> None:
    """Put one assertion into the field of the manifest where it belongs."""
    label, data = entry.get("label"), entry.get("data")
    if label in (ACTIONS, ACTIONS + ".v2"):
        if "actions" in fields:
            raise ManifestError("manifest: assertions: actions are given twice")
        if not isinstance(data, dict) or not isinstance(data.get("actions"), list):
            raise ManifestError(f"manifest: {label}: data.actions must be a list")
        if unknown := set(data) - {"actions", "allActionsIncluded"}:
            raise ManifestError(f"manifest: {label}: {sorted(unknown)[0]}: unknown key")
        fields["actions"] = data["actions"]
        fields["all_actions_included"] = data.get("allActionsIncluded", False)
    elif label == SOFT_BINDING:
        fields.setdefault("soft_bindings", []).append(_soft_binding(data))
    else:
        fields["assertions"].append(entry)


def _soft_binding(data: object) -> dict[str, Any]:
    """Return the fields of a soft binding; only bindings of the whole file, which is what is in use."""
    blocks = data.get("blocks") if isinstance(data, dict) else None
    if not isinstance(blocks, list) or len(blocks) != 1 or not isinstance(blocks[0], dict):
        raise ManifestError(f"manifest: {SOFT_BINDING}: data.blocks must hold one block")
    if blocks[0].get("scope", {}) != {}:
        raise ManifestError(f"manifest: {SOFT_BINDING}: only an empty scope (the whole file) is supported")
    return {"alg": data.get("alg") if isinstance(data, dict) else None, "value": blocks[0].get("value")}
