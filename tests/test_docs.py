"""The documentation is complete, its links and examples are right, and it needs nothing from elsewhere."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TOP = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = sorted(DOCS.glob("*.md"))
EVERYTHING = [*TOP, *PAGES, *sorted((ROOT / "examples").rglob("*.md"))]

LINK = re.compile(r"(?<!\!)\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# What a browser would fetch by itself.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\brel=["']?
    (?:stylesheet|preconnect|preload|icon)[^>]*\bhref=["']?(?:https?:)?//|url\(["']?(?:https?:)?//""",
    re.VERBOSE,
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def load(script: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(script, DOCS / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for path in EVERYTHING:
        for kind, body in FENCE.findall(path.read_text(encoding="utf-8")):
            if kind == language:
                found.append((name_of(path), body))
    return found


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    assert sorted(re.findall(r"([\w-]+\.md)$", navigation, re.MULTILINE)) == [page.name for page in PAGES]


def test_detector_page_is_rendered_from_the_registry() -> None:
    page = (DOCS / "detectors.md").read_text(encoding="utf-8")
    assert page == load("render_detectors").render(), "run: python docs/render_detectors.py"


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    links = LINK.findall(path.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    missing = [link for link in local if not (path.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python_examples_compile_and_import(page: str, code: str) -> None:
    tree = ast.parse(code, page)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("forensics"):
            module = importlib.import_module(node.module or "")
            assert not [name.name for name in node.names if not hasattr(module, name.name)], page
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "forensics":
            assert hasattr(importlib.import_module("forensics"), node.attr), f"{page}: {ast.unparse(node)}"


def test_the_python_examples_of_the_guide_to_watermarks_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [code for page, code in blocks("python") if page == "docs/watermark.md"]
    assert len(found) == 3
    shutil.copy(ROOT / "examples" / "data" / "photo.jpg", tmp_path / "in.jpg")
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "guide.py"
    script.write_text("\n".join(found), encoding="utf-8")
    runpy.run_path(str(script))
    assert (tmp_path / "out.jpg").is_file()


@pytest.mark.parametrize(
    ("page", "line"),
    [
        (page, line[2:].partition(" #")[0].strip())
        for page, body in blocks("console")
        for line in body.splitlines()
        if line.startswith("$ ")
    ],
)
def test_commands_exist(page: str, line: str) -> None:
    words = line.split()
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), f"{page}: {line}"
    if words[0] != "forensics":
        return
    commands = [word for word in words[1:] if re.fullmatch(r"[a-z][a-z_-]+", word)]
    for depth in (2, 1, 0):
        command = [sys.executable, "-m", "forensics", *commands[:depth], "--help"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            break
    known = set(OPTION.findall(result.stdout)) | {"--help", "--version", "--debug"}
    assert not set(OPTION.findall(line)) - known, f"{page}: {line}"
    assert not commands or depth > 0, f"{page}: {line}"


def test_version_is_in_the_changelog() -> None:
    import forensics

    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text
    assert f"## [{forensics.__version__}]" in text or forensics.__version__ == "0.1.0"


@pytest.mark.extra
def test_site_builds_without_warnings_and_fetches_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(PAGES)
    fetched = {page.name: FETCHED.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert not {name: found for name, found in fetched.items() if found}


def test_fetch_pattern_sees_fonts_and_scripts() -> None:
    assert FETCHED.search('<script src="https://unpkg.com/x.js">')
    assert FETCHED.search('<link rel="stylesheet" href="https://fonts.googleapis.com/css">')
    assert FETCHED.search("@import url(//cdn.example/x.css)")
    assert not FETCHED.search('<a href="https://example.org"> <link rel="stylesheet" href="assets/x.css">')


def words(text: str) -> str:
    """Return a text report without its layout and its figures, which versions of libraries may move."""
    return " ".join(re.sub(r"\d+(\.\d+)?", "#", text).split())


def test_readme_shows_real_output() -> None:
    renderer = load("render_readme")
    block = renderer.BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert words(block[2]) == words(renderer.output(block[1])), "run: python docs/render_readme.py"
