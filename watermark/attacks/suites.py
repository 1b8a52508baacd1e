"""Suites of attacks: which strengths a mark is tried at, and what is asked of it. They are data.

A file of suites is TOML::

    [mine]
    title = "What our site does"

    [[mine.groups]]
    name = "thumbnails"
    demand = 0.95            # share of pictures in which the mark must be found; none: only reported
    attacks = ["resize:0.5+jpeg:80", "resize:0.35+jpeg:80"]
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from forensics.errors import UsageError
from forensics.watermark.attacks.specs import Attack, parse_attack

__all__ = ["Row", "Suite", "load_suite", "suite_names"]


_Kind = type | tuple[type, ...]


@dataclass(frozen=True)
class Row:
    """One attack of a suite.

    Attributes:
        group: What it belongs to, in words.
        attack: The attack.
        demand: Share of marked pictures in which the mark must be found, None where it is only reported.
    """

    group: str
    attack: Attack
    demand: float | None


@dataclass(frozen=True)
class Suite:
    """A named list of attacks.

    Attributes:
        name: Its name.
        title: One line: what it is for.
        rows: In the order of the file; every attack once.
    """

    name: str
    title: str
    rows: tuple[Row, ...]


def suite_names(path: Path | None = None) -> tuple[str, ...]:
    """Return the names of all suites of a file, in its order.

    Args:
        path: The file; the one that ships with the suite if None.

    Raises:
        UsageError: The file cannot be read as TOML.
    """
    return tuple(_tables(path))


def load_suite(name: str, path: Path | None = None) -> Suite:
    """Return one suite of a file.

    Args:
        name: Its name: of those that ship, `contract`, `full` or `quick`.
        path: The file; the one that ships with the suite if None.

    Raises:
        UsageError: The file cannot be read, has no such suite, or a row of it is wrong; the message names it.
    """
    tables = _tables(path)
    if name not in tables:
        message = f"no suite is called {name!r}; there are: {', '.join(tables)}"
        raise UsageError(message, expected=tuple(tables), actual=name)
    where = f"suite {name!r}"
    content = _fields(tables[name], where, {"title": str, "groups": list})
    rows = tuple(row for group in content["groups"] for row in _rows(group, where))
    if not rows:
        raise UsageError(f"{where} has no attacks")
    _no_attack_twice(rows, where)
    return Suite(name, content["title"], rows)


def _tables(path: Path | None) -> dict[str, Any]:
    shipped = resources.files("forensics.watermark.attacks") / "strengths.toml"
    try:
        return tomllib.loads((path or shipped).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the suites {path} cannot be read: {error.strerror}", actual=path) from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise UsageError(f"{path} is not a file of suites: {error}", actual=path) from error


def _rows(group: object, where: str) -> list[Row]:
    """Return the rows of one group."""
    named = group.get("name", "?") if isinstance(group, dict) else "?"
    where = f"{where}, group {named!r}"
    content = _fields(group, where, {"name": str, "attacks": list}, {"demand": (int, float)})
    demand = content.get("demand")
    if demand is not None and not 0 <= demand <= 1:
        raise UsageError(f"{where}: a demand is 0 to 1, not {demand}", expected="0 to 1", actual=demand)
    attacks = [_attack(text, f"{where}, attack {i}") for i, text in enumerate(content["attacks"], 1)]
    return [Row(content["name"], attack, None if demand is None else float(demand)) for attack in attacks]


def _attack(text: object, where: str) -> Attack:
    if not isinstance(text, str):
        raise UsageError(f"{where} is no text: {text!r}", actual=text)
    try:
        return parse_attack(text)
    except UsageError as error:
        raise UsageError(f"{where}: {error}", expected=error.expected, actual=error.actual) from error


def _fields(
    table: object, where: str, needed: dict[str, _Kind], optional: dict[str, _Kind] | None = None
) -> dict[str, Any]:
    """Return a table if it has the fields it needs and no others."""
    if not isinstance(table, dict):
        raise UsageError(f"{where} is no table: {table!r}", actual=table)
    kinds: dict[str, _Kind] = {**needed, **(optional or {})}
    for key in needed.keys() - table.keys():
        raise UsageError(f"{where} lacks {key!r}", expected=key)
    for key, value in table.items():
        if key not in kinds:
            raise UsageError(f"{where}: unknown key {key!r}", expected=tuple(kinds), actual=key)
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise UsageError(f"{where}: {key!r} has the wrong type: {value!r}", actual=value)
    return table


def _no_attack_twice(rows: tuple[Row, ...], where: str) -> None:
    seen: set[Attack] = set()
    for row in rows:
        if row.attack in seen:
            raise UsageError(
                f"{where}, group {row.group!r}: {row.attack} stands there twice", actual=row.attack
            )
        seen.add(row.attack)
