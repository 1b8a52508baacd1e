"""Patterns: git itself as the reference, and time that does not blow up."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forensics.scan.items import Item
from forensics.scan.sources import Listing, listed
from forensics.scan.sources.patterns import covers, parsed, verdict

GIT = shutil.which("git")
NAMES = ("a", "b", "ab", "a.b", "a b", "[a]", "-", "*", "\\a", "#a", "!a")
PATHS = [f"{folder}{name}" for folder in ("", "d/", "d/e/", "a.d/", "d/a.d/e/") for name in NAMES]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def by_git(tree: Path, rules: dict[str, str]) -> set[str]:
    """Return what git would list with the rules as its own files."""
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "GIT_DIR": state, "GIT_WORK_TREE": str(tree), "HOME": state}
        subprocess.run([GIT or "git", "init", "-q"], env=environment, check=True, capture_output=True)
        command = [GIT or "git", "ls-files", "-z", "--others", "--exclude-per-directory=.forensicsignore"]
        done = subprocess.run(command, env=environment, cwd=tree, check=True, capture_output=True)
    return {name for name in done.stdout.decode().split("\0") if name} - set(rules)


def by_us(tree: Path) -> set[str]:
    items = (one for one in listed([str(tree)], Listing()) if isinstance(one, Item))
    return {os.path.relpath(item.locator.place, tree) for item in items}


# Of broken brackets, slashes in them, and two stars beside letters git makes something of its own.
SIGNS = (*"aabbde.?*-# ", "[ab]", "[!a]", "[^b]", "[a-d.]", "\\a", "\\*", "\\\\", "\\[a]", "\\ ")
PART = st.lists(st.sampled_from(SIGNS), max_size=4).map("".join).filter(lambda part: "**" not in part)
PATTERN = st.lists(PART | st.just("**"), max_size=4).map("/".join)
LINES = st.lists(st.tuples(st.sampled_from(["", "", "!"]), PATTERN).map("".join), max_size=4)


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@settings(max_examples=60)
@given(LINES, LINES)
@example(["a", "!d/a", "/b", "d/e/", "**/a.b"], ["!a", "e/*"])
@example(["d/**", "!d/**/", "\\#a", "\\!a", "a\\ ", "[^a]"], ["**/e/a", "/e/b"])
@example(["d/**/a", "**/e", "*/b ", "\\[a]", "\\\\a", "a.d//a"], ["[!a-b]", "**"])
def test_files_are_ignored_as_git_does(tree: Path, outer: list[str], inner: list[str]) -> None:
    rules = {".forensicsignore": "\n".join(outer), "d/.forensicsignore": "\n".join(inner)}
    for name, text in rules.items():
        (tree / name).write_text(text)
    assert by_us(tree) == by_git(tree, rules)


def test_no_pattern_takes_forever() -> None:
    name = "a" * 250
    deep = "/".join(["a"] * 2000)
    patterns = parsed(["*a" * 60 + "b", "**/a/" * 60 + "b", "?*" * 100 + "b", "[a-]*" * 50 + "b"])
    assert verdict(patterns, name, False) is None
    assert not covers(patterns, deep)


def test_a_folder_that_matches_covers_what_lies_in_it() -> None:
    patterns = parsed(["holiday/", "*.jpg", "!no.jpg"])
    assert covers(patterns, "2024/holiday/beach.png")
    assert covers(patterns, "2024/a.jpg")
    assert not covers(patterns, "2024/no.jpg")
    assert not covers(patterns, "holiday")
