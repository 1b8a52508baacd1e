"""`forensics store`, end to end: made, filled, searched, revoked from, checked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from forensics.cli.main import main
from forensics.datasets.procedural import camera
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.trust import TrustPolicy

HOSTILE = "withdrawn \x1b[31m\u202egpj\nOK"


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        (line,) = self.out.splitlines()
        return json.loads(line)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(
    own_settings: None, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Run `forensics store ...` on a store that `FORENSICS_STORE` names."""
    monkeypatch.setenv("FORENSICS_STORE", str(place))

    def call(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as stop:
            main(["store", *map(str, arguments)])
        out, err = capsys.readouterr()
        return Answer(int(stop.value.code or 0), out, err)

    return call


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two signed pictures, copies of the first without credentials, and one that was never signed."""
    folder = tmp_path_factory.mktemp("files")
    made = create_dev_ca(folder / "ca")
    signer, policy = PemSigner(made.chain.read_bytes(), made.key.read_bytes()), TrustPolicy.load(made.trust)
    for number, name in enumerate(("one", "two")):
        Image.fromarray(camera(number + 1, 192, 256)).save(folder / "plain.jpg", quality=92)
        manifest = made_by_model("sketch")
        sign(folder / "plain.jpg", folder / f"{name}.jpg", manifest, signer, policy=policy)
    with Image.open(folder / "one.jpg") as picture:
        picture.save(folder / "same pixels.png")
        ImageOps.mirror(picture).save(folder / "mirrored.jpg", quality=70)
    Image.fromarray(camera(7, 192, 256)).save(folder / "stranger.jpg", quality=92)
    broken = bytearray((folder / "one.jpg").read_bytes())
    broken[-20] ^= 1
    (folder / "broken.jpg").write_bytes(broken)
    return folder


@pytest.fixture
def filled(store: Callable[..., Answer], files: Path) -> Callable[..., Answer]:
    assert store("init").status == 0
    one = store("add", files / "one.jpg", "--mark", "spread", "0011", "c0ffee", "--model", "sketch", "--json")
    assert (one.status, one.record["added"], one.record["error"]) == (0, True, None)
    assert store("add", files / "two.jpg").status == 0
    return store


def found(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 0
    return [(match["by"], match["entry"]["manifest_id"]) for match in answer.record["matches"]]


def id_of(answer: Answer) -> str:
    ((_, name),) = found(answer)
    return name


def test_init_makes_a_store_once(store: Callable[..., Answer], place: Path) -> None:
    first = store("init", "--json")
    assert (first.status, first.record) == (0, {"place": str(place), "schema": 2, "entries": 0})
    before = place.read_bytes()
    assert store("init").out == f"{place}: a manifest store with 0 entries\n"
    assert place.read_bytes() == before
    nowhere = store("init", "--store", place / "below" / "s.sqlite")
    assert (nowhere.status, "cannot open" in nowhere.err) == (4, True)


def test_the_users_own_store_lies_with_their_settings(
    store: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FORENSICS_STORE")
    assert store("stats").status == 4
    assert store("init").status == 0
    assert (tmp_path / "config" / "forensics" / "store.sqlite").is_file()
    assert store("stats").status == 0


def test_add_takes_what_holds_and_names_the_rest(store: Callable[..., Answer], files: Path) -> None:
    store("init")
    names = ("one.jpg", "stranger.jpg", "broken.jpg", "two.jpg", "missing.jpg")
    answer = store("add", "--json", *(files / name for name in names))
    records = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.status == 3
    assert [record["error"] for record in records] == [
        None, "restoration", "verification", None, "not_a_file",
    ]  # fmt: skip
    assert [record["added"] for record in records] == [True, False, False, True, False]
    assert records[0]["placement"]
    assert "dct" in records[0]["fingerprints"]
    assert store("add", files / "broken.jpg").status == 1
    again = store("add", files / "one.jpg")
    assert (again.status, again.out.split()[0]) == (0, "known")
    assert store("stats", "--json").record["records"] == 2


def test_add_refuses_what_makes_no_sense(filled: Callable[..., Answer], files: Path) -> None:
    one = files / "one.jpg"
    for wrong in (
        (one, files / "two.jpg", "--mark", "spread", "", "1"),
        (one, "--extra", "[1]"),
        (one, "--extra", "{"),
        (one, "--extra", '{"a": NaN}'),
        (one, "--model", "x" * 1001),
        (one, "--model", "other"),  # one id, two contents
        (),
    ):
        answer = filled("add", *wrong)
        assert (answer.status, answer.out if wrong else "") == (2, "")
    assert filled("stats", "--json").record["entries"] == 2


def test_add_keeps_what_it_is_told(store: Callable[..., Answer], files: Path) -> None:
    store("init")
    answer = store("add", files / "one.jpg", "--no-skeleton", "--extra", '{"job": 7}', "--json")
    shown = store("show", answer.record["manifest_id"], "--json").record
    assert (shown["extra"], shown["skeleton_bytes"], shown["placement"]) == ({"job": 7}, 0, True)


def test_a_file_without_credentials_finds_its_entry(filled: Callable[..., Answer], files: Path) -> None:
    name = id_of(filled("find", files / "one.jpg", "--json"))
    for copy, by in (("one.jpg", "file"), ("same pixels.png", "pixels"), ("mirrored.jpg", "fingerprint")):
        assert found(filled("find", files / copy, "--json")) == [(by, name)]
    (match,) = filled("find", files / "mirrored.jpg", "--json").record["matches"]
    assert match["position"] == "mirrored left to right"
    assert match["p_value"] < 1e-3
    assert match["searched"] == 2
    assert name in filled("find", files / "mirrored.jpg").out
    assert found(filled("find", files / "stranger.jpg", "--json")) == []
    assert filled("find", files / "stranger.jpg").out == "nothing was found\n"
    assert len(found(filled("find", files / "stranger.jpg", "--json", "--p", "1"))) == 2
    assert len(found(filled("find", files / "stranger.jpg", "--json", "--p", "1", "--most", "1"))) == 1


def test_a_mark_finds_its_entry(filled: Callable[..., Answer], files: Path) -> None:
    name = id_of(filled("find", files / "one.jpg", "--json"))
    assert found(filled("find", "--payload", "spread", "0011", "c0ffee", "--json")) == [("mark", name)]
    assert found(filled("find", "--payload", "spread", "0011", "c0ffef", "--json")) == []
    assert filled("find", "--payload", "spread", "0011", "c0ffee").out.startswith("by its mark")


def test_find_refuses_what_makes_no_sense(filled: Callable[..., Answer], files: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    assert filled("find").status == 2
    assert filled("find", files / "one.jpg", "--payload", "a", "b", "c").status == 2
    assert filled("find", files / "one.jpg", "--kind", "other").status == 2
    assert filled("find", tmp_path / "missing.jpg").status == 3
    assert "no picture" in filled("find", text).out


def test_show_tells_all_and_writes_the_manifest(
    filled: Callable[..., Answer], files: Path, tmp_path: Path
) -> None:
    name = id_of(filled("find", files / "one.jpg", "--json"))
    target = tmp_path / "out.c2pa"
    shown = filled("show", name, "--json", "--manifest", target).record
    assert shown["mark"] == {"scheme": "spread", "key": "0011", "payload": "c0ffee"}
    assert shown["manifest_bytes"] == target.stat().st_size
    assert target.read_bytes() in (files / "one.jpg").read_bytes()
    assert filled("show", name, "--manifest", target).status == 2
    assert filled("show", name, "--manifest", target, "--overwrite").status == 0
    assert filled("show", name, "--manifest", tmp_path / "no" / "folder").status == 4
    assert "spread, key 0011, says c0ffee" in filled("show", name).out
    assert filled("show", "urn:c2pa:nobody").status == 2


def test_what_is_revoked_says_so_wherever_it_is_found(filled: Callable[..., Answer], files: Path) -> None:
    name = id_of(filled("find", files / "one.jpg", "--json"))
    answer = filled("revoke", name, "--reason", HOSTILE, "--json")
    assert answer.record == {"manifest_id": name, "number": 3, "reason": HOSTILE}
    (match,) = filled("find", files / "mirrored.jpg", "--json").record["matches"]
    assert match["entry"]["revoked"]
    assert match["entry"]["revocations"][0]["reason"] == HOSTILE
    for text in (filled("show", name).out, filled("find", files / "one.jpg").out):
        assert "withdrawn" in text
        assert "\x1b" not in text
        assert "\nOK" not in text
    assert filled("revoke", name, "--reason", " ").status == 2
    assert filled("revoke", "urn:c2pa:nobody", "--reason", "x").status == 2
    assert filled("revoke", name).status == 2
    assert filled("verify").status == 0


def test_verify_sees_a_changed_past_and_a_cut_end(
    filled: Callable[..., Answer], files: Path, place: Path
) -> None:
    head = filled("stats", "--json").record["head"]
    good = filled("verify", "--head", head, "--json")
    assert (good.status, good.record["intact"], good.record["head"]) == (0, True, head)
    assert filled("verify", "--head", "0" * 64).status == 1
    connection = sqlite3.connect(place)
    with connection:
        connection.execute("DROP TRIGGER forensics_records_UPDATE")
        connection.execute("UPDATE forensics_records SET skeleton = x'00' WHERE number = 1")
    connection.close()
    bad = filled("verify", "--json")
    assert (bad.status, bad.record["intact"]) == (1, False)
    assert "is not what was registered" in bad.record["problems"][0]
    assert filled("verify").out.startswith("FAILED")


def test_stats_count(filled: Callable[..., Answer], place: Path) -> None:
    counted = filled("stats", "--json").record
    assert (counted["place"], counted["records"], counted["revocations"]) == (str(place), 2, 0)
    assert counted["fingerprints"]["dct"] == 2
    assert "records       2" in filled("stats").out


@pytest.mark.parametrize(
    "command", [("add", "x.jpg"), ("find", "x.jpg"), ("show", "x"), ("verify",), ("stats",)]
)
def test_where_there_is_no_store_it_is_told_how_to_make_one(
    store: Callable[..., Answer], command: tuple[str, ...]
) -> None:
    answer = store(*command)
    assert (answer.status, answer.out) == (4, "")
    assert "forensics store init" in answer.err
    assert store(*command, "--store", "mysql://host/name").status == 2
