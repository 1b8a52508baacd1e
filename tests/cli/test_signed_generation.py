"""What `forensics generate` draws with the model that ships: signed, stripped, found again."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.marking.identity import own_store
from forensics.provenance import CredentialState, read
from forensics.provenance.restoring.stripping import bare
from forensics.provenance.store import ManifestStore
from forensics.watermark.attacks import parse_attack
from forensics.watermark.keyfile import key_ring
from forensics.watermark.watermarker import detect

from .commands import opened, run

pytestmark = pytest.mark.slow

COUNT = 2
DRAW = ("generate", "flow", "-n", str(COUNT), "--steps", "4")
COPIES = {"anew": "none", "cropped": "crop:0.8+jpeg:70", "small": "resize:0.7"}

Record = dict[str, Any]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Chain:
    """What was drawn, and what was said of it and of copies, by kind and number."""

    config: Path
    drawn: list[Record]
    plain: list[Pixels]
    signed: list[Path]
    audits: dict[str, list[Record]]
    found: dict[str, list[Record]]


def said(*command: str) -> list[Record]:
    """Run a command and return its JSON lines."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run(*command, "--json")
    return [json.loads(line) for line in out.getvalue().splitlines()]


def copies(signed: list[Path], plain: list[Pixels], folder: Path) -> dict[str, list[Path]]:
    """Write copies of what was drawn, and its marks on other pictures."""
    written: dict[str, list[Path]] = {}
    for number, path in enumerate(signed):
        shown = opened(path)
        made = {name: parse_attack(chain)(shown, seed=number) for name, chain in COPIES.items()}
        moved = camera(70 + number, *shown.shape[:2]).astype(int) + shown - plain[number]
        made["moved"] = np.clip(moved, 0, 255).astype(np.uint8)
        files = {name: folder / f"{name}-{number}.png" for name in ("stripped", *made)}
        files["stripped"].write_bytes(bare(path.read_bytes()))
        for name, pixels in made.items():
            Image.fromarray(pixels).save(files[name])
        for name, file in files.items():
            written.setdefault(name, []).append(file)
    return written


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("signed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        for name in ("FORENSICS_CA", "FORENSICS_KEYS", "FORENSICS_STORE", "FORENSICS_TRUST"):
            patch.delenv(name, raising=False)
        drawn = said(*DRAW, "-o", str(folder / "signed"))
        unmarked = said(*DRAW, "-o", str(folder / "plain"), "--unmarked")
        signed = [Path(record["path"]) for record in drawn]
        plain = [opened(Path(record["path"])) for record in unmarked]
        files = {"drawn": signed, **copies(signed, plain, folder)}
        paths = [str(path) for some in files.values() for path in some]
        reports = {record["path"]: record for record in said("audit", *paths)}
        found = {record["path"]: record for record in said("recover", *paths)}
        yield Chain(
            folder / "config", drawn, plain, signed,
            {name: [reports[str(path)] for path in some] for name, some in files.items()},
            {name: [found[str(path)] for path in some] for name, some in files.items()},
        )  # fmt: skip


def grades(report: Record) -> dict[str, str]:
    """Return the grade of what claims that a model made it, by detector."""
    return {e["detector"]: e["grade"] for e in report["evidence"] if e["claims"]}


def test_every_picture_has_credentials_a_mark_and_an_entry(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(chain.config))
    assert len({record["payload"] for record in chain.drawn}) == COUNT
    with ManifestStore(own_store()) as store:
        for number, path in enumerate(chain.signed):
            assert read(path).state is CredentialState.TRUSTED
            entry = store.get(chain.drawn[number]["manifest_id"])
            assert entry is not None
            assert entry.record.mark is not None
            assert entry.record.mark.payload == chain.drawn[number]["payload"]
            assert entry.record.extra["format"] == 3
        assert store.stats().records == COUNT + 1  # the overview of all


def test_the_decoder_changes_little(chain: Chain) -> None:
    for path, plain in zip(chain.signed, chain.plain, strict=True):
        error = np.mean((opened(path).astype(float) - plain) ** 2)
        assert 27.0 < 10 * np.log10(255**2 / error) < 45.0


@pytest.mark.parametrize("kind", ["drawn", "stripped", *COPIES])
def test_copies_of_every_kind_are_proven_synthetic_by_mark_and_entry(chain: Chain, kind: str) -> None:
    for report in chain.audits[kind]:
        assert report["verdict"] == "synthetic"
        proven = {name for name, grade in grades(report).items() if grade == "proof"}
        assert {"watermark", "recovery"} <= proven
        assert ("credentials" in proven) is (kind == "drawn")


@pytest.mark.parametrize(
    ("kind", "relation"),
    [("drawn", "identical"), ("stripped", "stripped"), ("anew", "recoded"), ("cropped", "transformed"),
     ("small", "transformed")],
)  # fmt: skip
def test_copies_of_every_kind_are_found_again(chain: Chain, kind: str, relation: str) -> None:
    for number, record in enumerate(chain.found[kind]):
        assert (record["relation"], record["found"]) == (relation, True)
        assert record["manifest_id"] == chain.drawn[number]["manifest_id"]
        assert record["restorable"] is (kind in ("drawn", "stripped"))
        known = record["candidates"][0]["confirmed"]
        read_alone = bool(record["mark"] and record["mark"]["payload"])
        if relation == "transformed":
            assert read_alone or known["payload"] == chain.drawn[number]["payload"]


def test_what_was_done_to_small_copies_is_told(chain: Chain) -> None:
    for record in chain.found["cropped"]:
        assert record["change"]["kept"] == pytest.approx(0.8, abs=0.05)
        assert record["change"]["scale"] == pytest.approx(1.0, abs=0.02)
    for record in chain.found["small"]:
        assert record["change"]["scale"] == pytest.approx(0.7, abs=0.02)


def test_a_mark_that_was_moved_proves_nothing(chain: Chain) -> None:
    for report, record in zip(chain.audits["moved"], chain.found["moved"], strict=True):
        assert report["verdict"] == "inconclusive"
        assert grades(report) == {}
        assert [one["name"] for one in report["contradictions"]] == ["mark_copied"]
        assert (record["relation"], record["found"]) == ("copied", False)


def test_what_was_issued_signs_strongly_enough_without_the_key(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(chain.config))
    (issued,) = said("keys", "issue", "--name", "ada", "--to", str(tmp_path))
    keys = key_ring()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "ada"))  # who draws has no key of whoever issued it
    drawn = said(*DRAW, "-o", str(tmp_path / "drawn"), "--decoder", issued["path"])
    for record in drawn:
        path = Path(record["path"])
        assert read(path).state is CredentialState.TRUSTED
        found = detect(parse_attack("jpeg:70")(opened(path)), keys)
        assert found.payload is not None
        assert found.payload.identity == issued["identity"]
