"""Braces in names, as shells have them: `shard-{000..099}.tar`, `{train,test}.parquet`."""

from __future__ import annotations

import re
from itertools import product

from forensics.errors import UsageError

__all__ = ["expanded"]

_MOST = 1_000_000
_BRACE = re.compile(r"\{(\d+)\.\.(\d+)\}|\{([^{},]*(?:,[^{},]*)+)\}")


def expanded(name: str) -> list[str]:
    """Return the names that one with braces stands for; a name without them stands for itself.

    Raises:
        UsageError: It stands for more than a million.

    Example:
        >>> expanded("shard-{08..10}.tar")
        ['shard-08.tar', 'shard-09.tar', 'shard-10.tar']
    """
    texts, choices, at, count = [], [], 0, 1
    for match in _BRACE.finditer(name):
        texts.append(name[at : match.start()])
        choices.append(_choices(match))
        at = match.end()
        count *= len(choices[-1])
        if count > _MOST:
            raise UsageError(f"the braces stand for more than {_MOST} names", actual=name)
    texts.append(name[at:])
    return [
        "".join(text + part for text, part in zip(texts, (*parts, ""), strict=True))
        for parts in product(*choices)
    ]


def _choices(match: re.Match[str]) -> list[str]:
    if match[3] is not None:
        return match[3].split(",")
    first, last = match[1], match[2]
    if max(len(first), len(last)) > 18 or abs(int(last) - int(first)) >= _MOST:
        raise UsageError(f"the braces stand for more than {_MOST} names", actual=match[0])
    step = 1 if int(first) <= int(last) else -1
    width = max(len(first), len(last)) if first.startswith("0") or last.startswith("0") else 0
    return [str(number).zfill(width) for number in range(int(first), int(last) + step, step)]
