"""Key files: who may read them, what is refused, and that no message holds a secret."""

from __future__ import annotations

import os
import stat
import tomllib
import traceback
from pathlib import Path

import pytest

from forensics.errors import UsageError
from forensics.watermark import keyfile
from forensics.watermark.keyfile import key_ring, load_keys, ring_folder, save_keys
from forensics.watermark.keys import Key


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_round_trip_is_readable_by_its_owner_only(tmp_path: Path, key: Key) -> None:
    path = tmp_path / "keys.toml"
    old = os.umask(0)
    try:
        save_keys([key, Key(bytes(32), "b", "captured")], path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keys(path) == (key, Key(bytes(32), "b", "captured"))
    entry = tomllib.loads(path.read_text())["keys"][0]
    assert (entry["id"], entry["secret"]) == (key.id, key.secret.hex())


def test_key_is_never_overwritten(tmp_path: Path, key: Key, other: Key) -> None:
    path = tmp_path / "keys.toml"
    save_keys([key], path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        save_keys([other], path)
    with pytest.raises(UsageError, match="two keys called 'studio'"):
        save_keys([Key(bytes(32), "studio")], path, add=True)
    assert path.read_bytes() == before
    save_keys([other], path, add=True)
    assert load_keys(path) == (key, other)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", 'a"', "a\nb", "a b", "x" * 65, "../up", "a\\"])
def test_name_that_would_break_the_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "keys.toml"
    with pytest.raises(UsageError, match="letters, digits"):
        save_keys([Key(bytes(32), name)], path)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o660])
def test_file_that_others_may_use_is_refused(tmp_path: Path, key: Key, mode: int) -> None:
    path = tmp_path / "keys.toml"
    save_keys([key], path)
    path.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600"):
        load_keys(path)
    path.chmod(0o400)
    assert load_keys(path) == (key,)


SECRET = bytes(range(32)).hex()
DAMAGED = {
    "no TOML": (f'secret = "{SECRET}', "cannot be parsed"),
    "secret twice": (f'[[keys]]\nsecret = "{SECRET}"\nsecret = "{SECRET}"\n', "cannot be parsed"),
    "nested without end": ("a = " + "[" * 20_000, "cannot be parsed"),
    "not UTF-8": (b"\xff\xfe" + SECRET.encode(), "not UTF-8"),
    "empty": ("", "holds no"),
    "keys is a text": (f'keys = "{SECRET}"', "holds no"),
    "keys is a table": (f'[keys]\nsecret = "{SECRET}"\n', "holds no"),
    "keys holds texts": (f'keys = ["{SECRET}"]', "holds no"),
    "no secret": ('[[keys]]\nname = "a"\n', "key 1 has no secret"),
    "short secret": (f'[[keys]]\nsecret = "{SECRET[:-2]}"\n', "key 1 has no secret"),
    "long secret": (f'[[keys]]\nsecret = "{SECRET}00"\n', "key 1 has no secret"),
    "no hex": (f'[[keys]]\nsecret = "{SECRET[:-1]}z"\n', "key 1 has no secret"),
    "a number": (f"[[keys]]\nsecret = 0x{SECRET[:15]}\n", "key 1 has no secret"),
    "another key's id": (f'[[keys]]\nsecret = "{SECRET}"\nid = "0123456789abcdef"\n', "damaged"),
    "unknown origin": (f'[[keys]]\nsecret = "{SECRET}"\norigin = "painted"\n', "painted"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_file_is_refused_and_nothing_of_it_shown(tmp_path: Path, kind: str) -> None:
    text, said = DAMAGED[kind]
    path = written(tmp_path / "keys.toml", text)
    with pytest.raises(UsageError, match=said) as caught:
        load_keys(path)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    assert SECRET[:12] not in shown
    assert str(path) in shown or kind == "unknown origin"


def test_one_damaged_digit_is_noticed(tmp_path: Path, key: Key) -> None:
    path = tmp_path / "keys.toml"
    save_keys([key], path)
    written(path, path.read_text().replace(f'"{SECRET}"', f'"1{SECRET[1:]}"'))
    with pytest.raises(UsageError, match="the file is damaged"):
        load_keys(path)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path, said in (
        (tmp_path / "none.toml", "No such file"),
        (tmp_path, "directory"),
        (pipe, "no key file"),
    ):
        with pytest.raises(UsageError, match=said):
            load_keys(path)


def test_endless_file_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "keys.toml", "")
    os.truncate(path, keyfile._MOST_BYTES + 1)
    with pytest.raises(UsageError, match="no key file"):
        load_keys(path)


def test_ring_is_what_the_variable_names(
    tmp_path: Path, key: Key, other: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_keys([key], tmp_path / "b.toml")
    save_keys([other, Key(key.secret, "same-secret")], tmp_path / "a.toml")
    written(tmp_path / "notes.txt", "no keys")
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path))
    assert {k.id for k in key_ring()} == {key.id, other.id}
    assert len(key_ring()) == 2
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path / "b.toml"))
    assert key_ring() == (key,)
    assert key_ring([tmp_path / "a.toml"])[0] == other
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path / "missing"))
    with pytest.raises(UsageError, match="No such file"):
        key_ring()


def test_ring_may_be_missing_unless_it_was_named(
    tmp_path: Path, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORENSICS_KEYS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert key_ring() == ()
    assert tmp_path in ring_folder().parents
    ring_folder().mkdir(parents=True)
    save_keys([key], ring_folder() / "mine.toml")
    assert key_ring() == (key,)
    with pytest.raises(UsageError, match="No such file"):
        key_ring([tmp_path / "missing.toml"])
