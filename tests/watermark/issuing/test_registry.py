"""The register of issued decoders: nobody twice, nothing lost, nobody forgotten."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from forensics.errors import StoreError, UsageError
from forensics.watermark.issuing import Registry
from forensics.watermark.issuing.registry import VARIABLE, registry_place

MODEL = "ab" * 32


@pytest.fixture
def place(tmp_path):
    return tmp_path / "folder" / "issued.db"


def test_everybody_gets_an_identity_and_is_listed_in_order(place):
    with Registry(place) as registry:
        first = registry.add(["Ada", "Bo"], "k1", "standard", MODEL)
        registry.add(["Ada"], "k2", "short", MODEL)
    with Registry(place) as registry:
        assert [(h.name, h.key) for h in registry.holders()] == [("Ada", "k1"), ("Bo", "k1"), ("Ada", "k2")]
        assert registry.holders("k1") == first
        assert len(first[0].identity) == 9
        assert first[0].identity != first[1].identity


def test_all_names_are_added_or_none(place):
    with Registry(place) as registry:
        registry.add(["Ada"], "k1", "standard", MODEL)
        for names in (["Bo", "Ada"], ["Bo", "Bo"], ["Bo", " "], ["Bo", "a\nb"]):
            with pytest.raises(UsageError):
                registry.add(names, "k1", "standard", MODEL)
        assert [holder.name for holder in registry.holders()] == ["Ada"]


def test_who_is_revoked_stays_so(place):
    with Registry(place) as registry:
        registry.add(["Ada", "Bo"], "k1", "standard", MODEL)
        found = registry.revoke("Ada", "k1", "left")
        assert found.revoked
        assert found.reason == "left"
        assert registry.revoke("Ada", "k1", "another reason") == found
        assert [bool(holder.revoked) for holder in registry.holders()] == [True, False]
        for name, key in (("Cy", "k1"), ("Bo", "k2")):
            with pytest.raises(UsageError, match="no decoder of"):
                registry.revoke(name, key)
        with pytest.raises(UsageError, match="already"):
            registry.add(["Ada"], "k1", "standard", MODEL)


def test_short_identities_are_all_different(place):
    with Registry(place) as registry:
        found = registry.add([f"user {n}" for n in range(2000)], "k1", "short", MODEL)
    assert len({holder.identity for holder in found}) == 2000  # of 65,536: by chance some 30 would be alike


def test_several_write_at_once(place):
    def write(number):
        with Registry(place) as registry:
            return [registry.add([f"{number}-{i}"], "k1", "standard", MODEL)[0] for i in range(10)]

    with ThreadPoolExecutor(4) as pool:
        added = [holder for found in pool.map(write, range(4)) for holder in found]
    with Registry(place) as registry:
        assert sorted(registry.holders(), key=str) == sorted(added, key=str)


def test_other_files_are_refused_and_stay_as_they_are(tmp_path):
    text = tmp_path / "text"
    text.write_text("no database" * 100)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE things (a)")
    for path in (text, other, tmp_path):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(StoreError):
            Registry(path)
        assert not path.is_file() or path.read_bytes() == before


def test_the_place_is_as_given_or_named(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named.db"))
    assert registry_place() == tmp_path / "named.db"
    assert registry_place(tmp_path / "given.db") == tmp_path / "given.db"
    monkeypatch.delenv(VARIABLE)
    assert registry_place().name == "issued.db"
