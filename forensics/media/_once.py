"""Properties that are computed once, whichever threads ask for them and on whichever Python."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeVar, cast

__all__ = ["computed_once", "without_locks"]

C = TypeVar("C")
_LOCK = "_lock_of_"


class _Once(cached_property[Any]):
    """A cached property with a lock for every object."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        kept = vars(instance)
        name = cast("str", self.attrname)
        # Setting a default is atomic: threads that come at the same time get the same lock.
        with kept.setdefault(_LOCK + name, threading.Lock()):
            if name not in kept:
                kept[name] = self.func(instance)
            return kept[name]


def computed_once(cls: type[C]) -> type[C]:
    """Make every `cached_property` of a class safe and quick among threads.

    Before Python 3.12 it has one lock for all objects, so that two files cannot be decoded side by side;
    since then it has none, so that two threads decode the same file twice. What a failing computation raises
    is not kept: the next to ask tries again.
    """
    for name, value in list(vars(cls).items()):
        if isinstance(value, cached_property):
            once = _Once(value.func)
            once.__set_name__(cls, name)
            setattr(cls, name, once)
    return cls


def without_locks(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an object that can be copied, or sent to another process."""
    return {name: value for name, value in state.items() if not name.startswith(_LOCK)}
