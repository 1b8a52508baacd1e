"""`forensics marking check` and `forensics marking report`, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from forensics.cli.main import main
from forensics.provenance.manifests import made_by_model

from ..marked_files import KEY, PAYLOAD, Workshop, binding
from ..provenance.conftest import Pki
from .commands import Answer

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202egpj.png"


class Balanced(HTMLParser):
    """Reads a page and keeps the tags that are open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br", "img"):
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("beside"))
    made.save("unsigned.png", made.plain)
    made.save("signed.png", made.plain, made_by_model("sketch"))
    made.save("marked.png", made.marked)
    made["unreadable.png"].write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    return made


@pytest.fixture
def marking(
    files: Workshop,
    own_settings: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Answer]:
    """Run `forensics marking ...` with the key ring and the policy of the workshop."""
    monkeypatch.setenv("FORENSICS_KEYS", str(files.key_file))
    monkeypatch.setenv("FORENSICS_TRUST", str(files.trust_file))

    def call(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as stop:
            main(["marking", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert KEY.secret.hex() not in out + err
        return Answer(int(stop.value.code or 0), out, err)

    return call


def test_a_file_with_every_mark_passes(
    marking: Callable[..., Answer], tsa: Any, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    made = Workshop(tmp_path_factory.mktemp("stamped"), tmp_path_factory.mktemp("by"))
    path, page = made.stamp("stamped.png", tsa.url, tsa.root_pem), tmp_path / "page.html"
    given = ("--trust", made.trust_file, "--store", made.place, "--keys", made.key_file, "--html", page)
    answer = marking("check", path, *given)
    assert answer.status == 0, answer.out
    assert answer.out.startswith("PASS")
    assert "no legal advice" in answer.out
    assert "found again in all 6 copies" in answer.out
    assert 'class="outcome pass"' in page.read_text()
    assert "data:image/jpeg;base64," in page.read_text()
    alone = marking("check", path, *given[:6], "--attack", "resize:0.1", "--json")
    assert (alone.status, alone.records[0]["outcome"]) == (1, "fail")
    assert "resize:0.1: lost, p = " in marking("check", path, *given[:6], "--attack", "resize:0.1").out


def test_many_files_get_a_line_each_and_totals(marking: Callable[..., Answer], files: Workshop) -> None:
    answer = marking("check", files.folder, "--quick")
    assert answer.status == 1
    lines = answer.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["FAIL", "FAIL", "UNREADABLE", "FAIL"]
    assert "4 files: 3 fail, 1 unreadable" in answer.out
    assert marking("check", files["unreadable.png"]).status == 3


def test_json_follows_the_schema_and_a_bad_file_ends_nothing(
    marking: Callable[..., Answer], files: Workshop, tmp_path: Path
) -> None:
    schema = Draft202012Validator(json.loads(marking("check", "--schema").out))
    names = ("signed.png", "unreadable.png", "unsigned.png")
    answer = marking("check", *(files[name] for name in names), tmp_path / "missing.png", "--json", "--quick")
    assert [schema.validate(record) for record in answer.records] == [None] * 4
    assert [record["outcome"] for record in answer.records] == ["fail", None, "fail", None]
    assert (answer.status, answer.records[-1]["error"]) == (1, "not_a_file")


def test_nothing_from_a_file_gets_out_of_its_place(
    marking: Callable[..., Answer], files: Workshop, tmp_path: Path
) -> None:
    named = tmp_path / HOSTILE
    claims = made_by_model("sketch", soft_bindings=(binding(f"<script>{HOSTILE}", "com.example.x"),))
    named.write_bytes(files.save("hostile.png", files.plain, claims).read_bytes())
    files["hostile.png"].unlink()
    page = tmp_path / "page.html"
    answer = marking("check", named, files["unreadable.png"], "--quick", "--html", page)
    assert answer.status == 1
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out
    text = page.read_text(encoding="utf-8")
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;\\x1b[31m\\u202egpj.png" in text
    assert "<script" not in text
    assert "com.example.x: &lt;script&gt;" in text
    assert text.count("<article") == 2
    assert Balanced(text).open_tags == []


def test_what_makes_no_sense_is_refused(
    marking: Callable[..., Answer], files: Workshop, tmp_path: Path
) -> None:
    path = files["signed.png"]
    assert marking("check").status in (0, 2)
    for wrong in (
        ("check", path, "--attack", "melt:3"),
        ("check", path, "--rate", "0"),
        ("check", path, "--html", path),
        ("check", path, "--keys", tmp_path / "none.toml"),
        ("check", path, "--trust", tmp_path / "none.toml"),
        ("report", path, "--keys", tmp_path / "none.toml"),
    ):
        answer = marking(*wrong)
        assert (answer.status, answer.out) == (2, ""), wrong
    assert marking("check", path, "--store", tmp_path / "none.sqlite").status == 2


def test_without_keys_the_watermark_is_undecided(
    marking: Callable[..., Answer], files: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORENSICS_KEYS")
    (record,) = marking("check", files["marked.png"], "--json").records
    found = {result["measure"]: result["outcome"] for result in record["results"]}
    assert (found["watermark"], found["survives"]) == ("unknown", "not_applicable")
    assert marking("report", files["marked.png"]).status == 2


def test_report_is_neutral_json(marking: Callable[..., Answer], files: Workshop) -> None:
    schema = Draft202012Validator(json.loads(marking("report", "--schema").out))
    answer = marking("report", files["marked.png"], files["unreadable.png"], files["unsigned.png"])
    assert answer.status == 3
    assert [schema.validate(record) for record in answer.records] == [None] * 3
    marked, broken, plain = answer.records
    assert (marked["watermark"]["payload"]["hex"], marked["watermark"]["key_id"]) == (PAYLOAD, KEY.id)
    assert broken["error"]
    assert broken["file"] is None
    assert plain["watermark"]["detected"] is False
