"""One small typed registry: a decorator, unique names, plug-ins through entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from forensics.errors import RegistryError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind.

    Built-in modules are imported on first use, so that naming them costs nothing at start-up.
    Third parties add theirs through the entry-point group of the same name.

    Args:
        group: Entry-point group, also the name used in messages.
        builtin: Modules whose import registers the built-in members.

    Attributes:
        group: As given.
        builtin: As given.

    Example:
        >>> numbers: Registry[int] = Registry("forensics.example")
        >>> numbers.register("one")(1)
        1
        >>> numbers.get("one")
        1
    """

    def __init__(self, group: str, builtin: tuple[str, ...] = ()) -> None:
        self.group = group
        self.builtin = builtin
        self._members: dict[str, T] = {}
        self._loaded = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters its argument under `name`.

        Raises:
            RegistryError: The name is taken by something else.
        """

        def enter(member: T) -> T:
            if name in self._members and self._members[name] is not member:
                raise RegistryError(f"{self.group}: the name {name!r} is registered twice", actual=name)
            self._members[name] = member
            return member

        return enter

    def get(self, name: str) -> T:
        """Return the member called `name`.

        Raises:
            RegistryError: There is none; the message lists those there are.
        """
        self._load()
        try:
            return self._members[name]
        except KeyError:
            known = ", ".join(self.names()) or "none"
            raise RegistryError(f"{self.group}: no {name!r}; there are: {known}", actual=name) from None

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        self._load()
        return tuple(sorted(self._members))

    def __iter__(self) -> Iterator[T]:
        return iter([self.get(name) for name in self.names()])

    def __len__(self) -> int:
        return len(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True  # before the imports: they may ask for the registry themselves
        try:
            for module in self.builtin:
                import_module(module)
            for point in entry_points(group=self.group):
                self.register(point.name)(self._plug_in(point))
        except BaseException:
            self._loaded = False
            raise

    def _plug_in(self, point: EntryPoint) -> T:
        try:
            return cast("T", point.load())
        except Exception as error:
            message = f"{self.group}: the plug-in {point.name!r} ({point.value}) cannot be loaded: {error}"
            raise RegistryError(message, actual=point.name) from error
