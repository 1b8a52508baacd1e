"""The registry: unique names, loading on demand, plug-ins, and messages that help."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from forensics import registry
from forensics.errors import RegistryError
from forensics.registry import Registry


def test_members_are_sorted_and_iterable() -> None:
    numbers: Registry[int] = Registry("test.numbers")
    numbers.register("two")(2)
    numbers.register("one")(1)
    assert numbers.names() == ("one", "two")
    assert list(numbers) == [1, 2]
    assert len(numbers) == 2
    assert "two" in numbers
    assert "three" not in numbers


def test_decorator_returns_its_argument() -> None:
    kinds: Registry[type] = Registry("test.kinds")

    @kinds.register("thing")
    class Thing:
        pass

    assert kinds.get("thing") is Thing


def test_a_name_is_taken_once() -> None:
    numbers: Registry[object] = Registry("test.numbers")
    first, second = object(), object()
    numbers.register("one")(first)
    numbers.register("one")(first)  # the same module imported again is no clash
    with pytest.raises(RegistryError, match="'one' is registered twice"):
        numbers.register("one")(second)
    assert numbers.get("one") is first


def test_unknown_name_lists_the_known_ones() -> None:
    numbers: Registry[int] = Registry("test.numbers")
    with pytest.raises(RegistryError, match="there are: none"):
        numbers.get("one")
    numbers.register("two")(2)
    with pytest.raises(RegistryError, match="no 'one'; there are: two"):
        numbers.get("one")


def test_builtin_modules_are_imported_on_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_builtin.py").write_text("LOADED = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    numbers: Registry[int] = Registry("test.numbers", builtin=("made_up_builtin",))
    numbers.register("one")(1)
    assert "made_up_builtin" not in sys.modules
    assert numbers.names() == ("one",)
    assert "made_up_builtin" in sys.modules


def test_third_parties_add_through_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="pi", value="math:pi", group="test.numbers")
    asked: list[str] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [point]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    numbers: Registry[float] = Registry("test.numbers")
    assert numbers.get("pi") == pytest.approx(3.14159265)
    assert numbers.names() == ("pi",)
    assert asked == ["test.numbers"], "entry points are asked for once"


def test_plug_in_cannot_replace_a_builtin(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="one", value="math:pi", group="test.numbers")
    monkeypatch.setattr(registry, "entry_points", lambda **_: [point])
    numbers: Registry[float] = Registry("test.numbers")
    numbers.register("one")(1.0)
    with pytest.raises(RegistryError, match="registered twice"):
        numbers.names()


def test_broken_plug_in_is_named_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="broken", value="no_such_module:thing", group="test.numbers")
    monkeypatch.setattr(registry, "entry_points", lambda **_: [point])
    numbers: Registry[float] = Registry("test.numbers")
    for _ in range(2):
        with pytest.raises(RegistryError, match=r"plug-in 'broken' \(no_such_module:thing\)"):
            numbers.names()


def test_failed_builtin_import_is_not_forgotten() -> None:
    numbers: Registry[float] = Registry("test.numbers", builtin=("no_such_module",))
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            numbers.names()
