r"""Patterns of paths as in `.gitignore`, matched in time that no pattern and no name can blow up.

A pattern without a slash is matched against the last part of a path, in whatever folder that lies; one with a
slash against the whole path. `*` and `?` stop at a slash, `**` does not, `[a-z]` is one of a range, `\` takes
the meaning from what follows it. A pattern that ends in a slash is for folders alone. What lies in a folder
that matches, matches. `!` takes back what earlier patterns said.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Pattern", "covers", "parsed", "verdict"]

_DEEPEST = 100
_ANY = None  # stands for `**`, a number of folders
_ONE = re.compile(r"\\(.)|\[\^|\*+|.", re.DOTALL)
_TRAILING = re.compile(r"(?<!\\)((?:\\\\)*) +$")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern.

    Attributes:
        negated: It takes back.
        folders: It is for folders alone.
        parts: Expressions for the parts of a path, None for any number of them.
        anchored: It is for whole paths.
    """

    negated: bool
    folders: bool
    parts: tuple[re.Pattern[str] | None, ...]
    anchored: bool

    def matches(self, path: str, folder: bool) -> bool:
        """Whether a path matches, by itself.

        Args:
            path: From where the pattern stands, with `/` between its parts.
            folder: Whether it is a folder.
        """
        if self.folders and not folder:
            return False
        if not self.anchored:
            only = self.parts[0]
            return only is None or only.match(path[path.rfind("/") + 1 :]) is not None
        return _matched(self.parts, path.split("/"))


def parsed(lines: Iterable[str]) -> tuple[Pattern, ...]:
    """Return the patterns of the lines of a file; empty lines and comments (`#`) are none."""
    return tuple(p for line in lines if (p := _parsed(line)) is not None)


def verdict(patterns: Sequence[Pattern], path: str, folder: bool) -> bool | None:
    """Return what the last pattern that matches says: True, False where it takes back, None for none."""
    for pattern in reversed(patterns):
        if pattern.matches(path, folder):
            return not pattern.negated
    return None


def covers(patterns: Sequence[Pattern], path: str) -> bool:
    """Whether a file matches, or one of the first hundred folders above it does."""
    at = path.find("/")
    for _ in range(_DEEPEST):
        if at < 0:
            break
        if verdict(patterns, path[:at], True):
            return True
        at = path.find("/", at + 1)
    return bool(verdict(patterns, path, False))


def _parsed(line: str) -> Pattern | None:
    line = _TRAILING.sub(r"\1", line.rstrip("\r\n"))
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    line = line[negated:]
    folders = line.endswith("/")
    line = line[: len(line) - folders]
    anchored = "/" in line
    parts = line.removeprefix("/").split("/")
    if not line.strip("/") or _dangling(line):
        return None
    if parts[0] == "**" and len(parts) > 1:
        anchored = True
    compiled = tuple(_ANY if part == "**" and anchored else _expression(part) for part in parts)
    return Pattern(negated, folders, compiled, anchored)


def _dangling(line: str) -> bool:
    """Whether the last backslash has nothing to take the meaning from."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _expression(part: str) -> re.Pattern[str]:
    """The expression of one part of a path; that of `fnmatch` never tries anything twice."""
    return re.compile(fnmatch.translate(_ONE.sub(_plain, part)))


def _plain(match: re.Match[str]) -> str:
    if (escaped := match[1]) is not None:
        return f"[{escaped}]" if escaped in "*?[" else escaped
    return "[!" if match[0] == "[^" else match[0][0]


def _matched(parts: Sequence[re.Pattern[str] | None], names: Sequence[str]) -> bool:
    """Match parts with names as wildcards are matched with letters: the last `**` alone is tried again."""
    part = name = 0
    star, resumed = -1, 0
    while name < len(names):
        wanted = parts[part] if part < len(parts) else None
        if part < len(parts) and wanted is None:
            star, resumed = part, name
            part += 1
            if part == len(parts):
                return star == 0 or name < len(names)  # `a/**` is what lies in a, not a
        elif wanted is not None and wanted.match(names[name]):
            part, name = part + 1, name + 1
        elif star >= 0:
            resumed += 1
            part, name = star + 1, resumed
        else:
            return False
    return part == len(parts)
