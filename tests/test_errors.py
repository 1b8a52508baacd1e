"""The error tree: drawn truly, one code each, and each one mapped to an exit status."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from forensics import errors
from forensics.errors import CorruptMedia, ForensicsError, MediaError, MissingExtra

LINE = re.compile(r"^(?P<indent>[\s│├└─]*)(?P<name>[A-Z]\w+)\s+(?P<code>\w+)(?:\s+(?P<status>\d))?")


def subclasses(kind: type[ForensicsError]) -> Iterator[type[ForensicsError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from subclasses(child)


def drawn() -> list[tuple[str, int, str, int | None]]:
    """Return (name, depth, code, status) of each line of the tree in the docstring, in order."""
    assert errors.__doc__ is not None
    found = []
    for line in errors.__doc__.splitlines():
        if (match := LINE.match(line)) and match["name"] in errors.__all__:
            status = int(match["status"]) if match["status"] else None
            depth = (len(match["indent"]) - 4) // 4
            found.append((match["name"], depth, match["code"], status))
    return found


def test_tree_names_every_class_once() -> None:
    names = [name for name, *_ in drawn()]
    assert sorted(names) == sorted(errors.__all__)
    assert {kind.__name__ for kind in subclasses(ForensicsError)} == set(errors.__all__)


def test_tree_draws_the_inheritance() -> None:
    ancestors: list[str] = []
    for name, depth, *_ in drawn():
        del ancestors[depth:]
        if ancestors:
            assert getattr(errors, name).__base__.__name__ == ancestors[-1], name
        ancestors.append(name)


@pytest.mark.parametrize(("name", "code", "status"), [(n, c, s) for n, _, c, s in drawn()])
def test_tree_states_code_and_exit_status(name: str, code: str, status: int | None) -> None:
    kind = getattr(errors, name)
    parent = kind.__base__
    if kind is not ForensicsError:
        assert kind.code == code
    inherited = parent.exit_code if issubclass(parent, ForensicsError) else ForensicsError.exit_code
    assert kind.exit_code == (inherited if status is None else status)


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in subclasses(ForensicsError)]
    assert len(codes) == len(set(codes))


def test_facts_are_carried() -> None:
    error = CorruptMedia("odd header", expected="JPEG", actual=b"\x00")
    assert isinstance(error, MediaError)
    assert (error.expected, error.actual) == ("JPEG", b"\x00")
    assert str(error) == "odd header"


def test_missing_extra_names_the_command_that_helps() -> None:
    error = MissingExtra("reading clips", "video")
    assert str(error) == "reading clips needs an extra: pip install 'synthetic-media-forensics[video]'"
    assert error.extra == "video"
