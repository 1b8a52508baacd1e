"""The walk over every manifest that the active one was made from."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from forensics.provenance._json import entries, mapping, text
from forensics.provenance._statuses import Entry, Statuses
from forensics.provenance.report import Chain

__all__ = ["MAX_MANIFESTS", "Edge", "Node", "Role", "Walk", "judge", "walk"]

MAX_MANIFESTS = 2000
"""Most manifests and most ingredients that are walked; a longer history counts as broken."""


class Role(StrEnum):
    """How a manifest hangs together with the content of the file."""

    LINE = "line"  # the active manifest, and what is reached from it by parentOf alone
    PART = "part"  # a component, or anything that a component was made from
    INPUT = "input"  # what a process was fed with; not itself part of the content


@dataclass(frozen=True)
class Edge:
    """One ingredient of a manifest.

    Attributes:
        title: Its name.
        relationship: parentOf, componentOf or inputTo.
        target: Label of its own manifest, "" if it has none.
        failed: Codes that speak against it, found now or recorded by a signer.
    """

    title: str
    relationship: str
    target: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """One manifest of the chain.

    Attributes:
        label: Its label.
        manifest: What the SDK says of it.
        role: How it hangs together with the content.
        edges: Its ingredients.
    """

    label: str
    manifest: dict[str, Any]
    role: Role
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Walk:
    """The manifests of a chain, the active one first, and whether all of it was walked."""

    nodes: tuple[Node, ...]
    complete: bool


def walk(document: dict[str, Any], statuses: Statuses) -> Walk:
    """Visit every manifest that can be reached from the active one, each once, nearest role first.

    Args:
        document: The SDK's report.
        statuses: Its log, sorted.
    """
    manifests = mapping(document.get("manifests"))
    queues = {role: deque[str]() for role in Role}
    queues[Role.LINE].append(text(document.get("active_manifest")))
    nodes: dict[str, Node] = {}
    steps = 0
    while any(queues.values()) and len(nodes) < MAX_MANIFESTS and steps < MAX_MANIFESTS:
        role = next(role for role, queue in queues.items() if queue)
        label = queues[role].popleft()
        if label in nodes or not isinstance(manifests.get(label), dict):
            continue
        node = Node(label, manifests[label], role, _edges(label, manifests[label], statuses))
        nodes[label] = node
        steps += len(node.edges)
        for edge in node.edges:
            queues[_role(role, edge.relationship)].append(edge.target)
    return Walk(tuple(nodes.values()), complete=not any(queues.values()))


def judge(found: Walk, statuses: Statuses) -> Chain:
    """Say whether the chain holds.

    It is broken if anything speaks against any ingredient, whether the validator found it or a signer
    recorded it: the SDK counts a failure that was recorded as settled, and so would call a file 'Trusted'
    whose tampered parent was merely signed over. An unknown signer alone does not break it.
    """
    edges = [edge for node in found.nodes for edge in node.edges]
    active = found.nodes[0].label if found.nodes else ""
    failed = any(e.damning and _speaks_of_ingredient(e, active) for e in statuses.every)
    if failed or not found.complete or any(edge.failed for edge in edges):
        return Chain.BROKEN
    return Chain.INTACT if any(edge.target for edge in edges) else Chain.SINGLE


def _speaks_of_ingredient(entry: Entry, active: str) -> bool:
    elsewhere = entry.manifest not in ("", active)
    return elsewhere or bool(entry.edge) or entry.code.startswith("ingredient.")


def _edges(label: str, manifest: dict[str, Any], statuses: Statuses) -> tuple[Edge, ...]:
    return tuple(_edge(label, ingredient, statuses) for ingredient in entries(manifest.get("ingredients")))


def _edge(label: str, ingredient: dict[str, Any], statuses: Statuses) -> Edge:
    target = text(ingredient.get("active_manifest"))
    address = f"self#jumbf=/c2pa/{label}/c2pa.assertions/{text(ingredient.get('label'))}"
    speaking = (entry.code for entry in (*statuses.of(target), *statuses.at(address)) if entry.damning)
    return Edge(
        title=text(ingredient.get("title")),
        relationship=text(ingredient.get("relationship")),
        target=target,
        failed=tuple(dict.fromkeys(speaking)),
    )


def _role(role: Role, relationship: str) -> Role:
    if role is Role.INPUT or relationship == "inputTo":
        return Role.INPUT
    return Role.LINE if role is Role.LINE and relationship == "parentOf" else Role.PART
