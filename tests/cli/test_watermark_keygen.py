"""`forensics watermark keygen`, and what must never happen to keys: overwritten, open to others, printed."""

from __future__ import annotations

import logging
import os
import tomllib
from pathlib import Path

import pytest


def test_a_key_is_written_for_its_owner_alone_and_not_shown(watermark, tmp_path: Path) -> None:
    path = tmp_path / "key.toml"
    answer = watermark("keygen", path, "--name", "studio", "--json")
    assert answer.status == 0
    (entry,) = tomllib.loads(path.read_text(encoding="utf-8"))["keys"]
    assert answer.record == {"path": str(path), "name": "studio", "id": entry["id"], "origin": "synthetic"}
    assert len(entry["secret"]) == 64
    assert entry["secret"] not in answer.out + answer.err
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_keys_are_added_and_never_replaced(watermark, tmp_path: Path) -> None:
    path = tmp_path / "key.toml"
    assert "keep a copy" in watermark("keygen", path).out
    before = path.read_bytes()
    answer = watermark("keygen", path)
    assert (answer.status, path.read_bytes()) == (2, before)
    assert "never overwritten" in answer.err
    assert watermark("keygen", path, "--add").status == 2  # the name is taken
    assert path.read_bytes() == before
    assert watermark("keygen", path, "--add", "--name", "camera", "--origin", "captured").status == 0
    keys = tomllib.loads(path.read_text(encoding="utf-8"))["keys"]
    assert [(key["name"], key["origin"]) for key in keys] == [
        ("default", "synthetic"),
        ("camera", "captured"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing/key.toml",), "cannot write"),
        (("key.toml", "--name", 'a"b'), "may have letters"),
        (("key.toml", "--origin", "magic"), "magic"),
        ((), ""),
    ],
)
def test_wrong_usage(watermark, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    path = [tmp_path / a if a.endswith(".toml") else a for a in arguments]
    answer = watermark("keygen", *path)
    assert answer.status == 2
    assert words in answer.err
    assert not (tmp_path / "key.toml").exists()


def test_no_command_shows_a_secret_even_when_debugging(
    watermark, pictures: Path, key_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = bytes(range(32))
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(key_file.read_text(encoding="utf-8").replace('id = "', 'id = "0'), encoding="utf-8")
    wrong.chmod(0o600)
    broken = tmp_path / "broken.toml"
    broken.write_text(f"[[keys]]\nsecret = {secret.hex()}\n", encoding="utf-8")  # without quotation marks
    broken.chmod(0o600)
    caplog.set_level(logging.DEBUG)
    for keys, status in ((key_file, 0), (wrong, 2), (broken, 2)):
        # The fixture looks for the secret in what is printed.
        assert watermark("detect", pictures / "plain.png", "--keys", keys).status == status
        assert watermark("identify", pictures / "marked.png", "--keys", keys).status == status
        target = tmp_path / f"{keys.stem}.png"
        assert watermark("embed", pictures / "plain.png", target, "--keys", keys).status == status
    assert secret.hex() not in caplog.text
    assert repr(secret) not in caplog.text


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_a_key_file_that_others_can_read_is_refused(watermark, pictures: Path, key_file: Path) -> None:
    key_file.chmod(0o644)
    answer = watermark("detect", pictures, "--keys", key_file)
    assert answer.status == 2
    assert f"chmod 600 {key_file}" in answer.err
