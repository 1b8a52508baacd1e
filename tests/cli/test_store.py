"""`forensics store`, end to end: made, filled, searched, revoked from, checked."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from forensics.datasets.procedural import camera
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.trust import TrustPolicy

from .commands import Answer, answered

HOSTILE = "withdrawn \x1b[31m\u202egpj\nOK"


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
        return answered(capsys, "store", *arguments)

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
        picture.crop((7, 5, 249, 187)).save(folder / "cropped.jpg", quality=90)  # 0.95 of each side
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
    assert store("stats").status == 2
    assert store("init").status == 0
    assert (tmp_path / "config" / "forensics" / "store.sqlite").is_file()
    assert store("stats").status == 0


def test_add_takes_what_holds_and_names_the_rest(store: Callable[..., Answer], files: Path) -> None:
    store("init")
    names = ("one.jpg", "stranger.jpg", "broken.jpg", "two.jpg", "missing.jpg")
    answer = store("add", "--json", *(files / name for name in names))
    records = answer.records
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
        (),
    ):
        answer = filled("add", *wrong)
        assert (answer.status, answer.out if wrong else "") == (2, "")
    assert filled("stats", "--json").record["entries"] == 2


def test_add_goes_on_after_an_id_that_stands_for_something_else(
    store: Callable[..., Answer], files: Path
) -> None:
    store("init")
    assert store("add", files / "one.jpg").status == 0
    both = ("add", files / "one.jpg", files / "two.jpg", "--model", "other")
    answer = store(*both, "--json")
    records = answer.records
    assert (answer.status, answer.err) == (1, "")
    assert [(record["path"], record["added"], record["error"]) for record in records] == [
        (str(files / "one.jpg"), False, "store_conflict"),
        (str(files / "two.jpg"), True, None),
    ]
    assert "entry 1 of the store" in records[0]["reason"]
    left, known = store(*both).out.splitlines()
    assert left.startswith(f"LEFT OUT  {files / 'one.jpg'}: urn:c2pa:")
    assert known.startswith("known")
    assert store("stats", "--json").record["records"] == 2


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
    (plain,) = filled("find", files / "cropped.jpg", "--json", "--p", "1", "--most", "1").record["matches"]
    (harder,) = filled("find", files / "cropped.jpg", "--json", "--crops").record["matches"]
    assert harder["entry"]["manifest_id"] == name
    assert harder["p_value"] < plain["p_value"]
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
    "command",
    [
        ("add", "x.jpg"),
        ("find", "x.jpg"),
        ("show", "x"),
        ("revoke", "x", "--reason", "y"),
        ("verify",),
        ("stats",),
    ],
)
def test_where_there_is_no_store_it_is_told_how_to_make_one(
    store: Callable[..., Answer], command: tuple[str, ...]
) -> None:
    answer = store(*command)
    assert (answer.status, answer.out) == (2, "")
    (line,) = answer.err.splitlines()
    assert "forensics store init" in line
    assert store(*command, "--store", "mysql://host/name").status == 2


def spoilt(place: Path, *statements: str) -> None:
    """Change a store behind its back."""
    connection = sqlite3.connect(place)
    with connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "finds", "checks"),
    [
        ("UPDATE forensics_records SET extra = '['", 4, 1),
        ("UPDATE forensics_records SET placement = '{'", 4, 1),
        ("UPDATE forensics_records SET asset_sha256 = 3, pixel_sha256 = 3, model = x'ff'", 4, 1),
        ("UPDATE forensics_log SET created = 'never'", 4, 1),
        ("UPDATE forensics_fingerprints SET code = x'00'", 4, 1),
        ("UPDATE forensics_log SET hash = x'ff00'", 0, 1),
        ("UPDATE forensics_meta SET value = 'x'", 4, 4),
        ("DELETE FROM forensics_meta", 4, 4),
        ("DROP TABLE forensics_fingerprints", 4, 4),
    ],
)
def test_a_damaged_store_is_told_in_one_line(
    filled: Callable[..., Answer], place: Path, files: Path, statement: str, finds: int, checks: int
) -> None:
    spoilt(place, statement)
    for command, status in (
        (("find", files / "mirrored.jpg"), finds), (("verify",), checks), (("stats", "--json"), None),
    ):  # fmt: skip
        answer = filled(*command)
        assert answer.status in ((0, 4) if status is None else (status,))
        assert len(answer.err.splitlines()) == (answer.status == 4)
        assert "our own failure" not in answer.err


def test_what_is_no_store_is_left_as_it_is(store: Callable[..., Answer], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes").write_text("no database, but long enough to look like one" * 40)
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE places (url)")
    connection.close()
    long = tmp_path / ("y" * 400)
    before = {name: (tmp_path / name).read_bytes() for name in ("notes", "other")}
    for place, status in (
        (tmp_path / "folder", 2), (tmp_path / "notes", 4), (tmp_path / "other", 4), (long, 4), ("", 2),
        (":memory:", 2), (f"sqlite:///{tmp_path}/x?mode=ro&uri=true", 2),
    ):  # fmt: skip
        for command in ("init", "stats"):
            answer = store(command, "--store", place)
            assert (answer.status, answer.out, len(answer.err.splitlines())) == (status, "", 1), place
            assert "our own failure" not in answer.err
    assert before == {name: (tmp_path / name).read_bytes() for name in before}
    assert {path.name for path in tmp_path.iterdir()} - {"folder", "notes", "other"} <= {"config", "home"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_neither_store_nor_file(filled: Callable[..., Answer], files: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert filled("stats", "--store", pipe).status == 2
    assert filled("init", "--store", pipe).status == 2
    assert filled("find", pipe).status == 3
    assert filled("add", pipe).status == 3
    assert filled("add", files / "one.jpg", "--sidecar", pipe).status == 3
    name = id_of(filled("find", files / "one.jpg", "--json"))
    assert filled("show", name, "--manifest", pipe, "--overwrite").status == 4


def test_words_that_cannot_be_kept_are_refused(filled: Callable[..., Answer], files: Path) -> None:
    """What a shell passes on of bytes that are not UTF-8, what is too deep, too long, or no number."""
    name, odd = id_of(filled("find", files / "one.jpg", "--json")), "x\udcff"
    deep = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
    for command in (
        ("show", odd), ("revoke", odd, "--reason", "x"), ("revoke", name, "--reason", odd),
        ("revoke", name, "--reason", "r" * 1001), ("find", "--payload", odd, "b", "c"),
        ("add", files / "two.jpg", "--mark", odd, "b", "c"), ("add", files / "two.jpg", "--model", odd),
        ("add", files / "two.jpg", "--mark", "", "", "1"), ("add", files / "two.jpg", "--extra", deep),
        ("find", files / "mirrored.jpg", "--p", "nan"), ("verify", "--head", "zz"),
    ):  # fmt: skip
        answer = filled(*command)
        assert (answer.status, answer.out, len(answer.err.splitlines())) == (2, "", 1), command
    assert filled("stats", "--json").record["entries"] == 2
    head = filled("stats", "--json").record["head"]
    assert filled("verify", "--head", head.upper()).status == 0
