"""Decoders of somebody's own, as they are given away."""

import json
import stat

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.watermark.decoders import signature
from forensics.watermark.issuing import issue, load_issued, save_issued
from forensics.watermark.keys import Key
from forensics.watermark.payload import SIGNED

KEY = Key(bytes(range(32)), "issuer")


def test_they_sign_as_the_key_would_and_come_back_from_their_file(tmp_path):
    own = issue(KEY, "Ada", "c0ffee", "ab" * 32)
    assert np.abs(own.tile - signature(KEY, "c0ffee").tile).max() < 2e-3  # 16 bits
    save_issued(own, tmp_path / "ada.signed.json")
    again = load_issued(tmp_path / "ada.signed.json")
    assert np.array_equal(again.tile, own.tile)
    assert (again.name, again.key, again.payload, again.sha256) == ("Ada", KEY.id, own.payload, "ab" * 32)
    assert again.payload.version == SIGNED


def test_the_file_holds_no_key_and_nobody_else_reads_it(tmp_path):
    path = tmp_path / "ada.signed.json"
    save_issued(issue(KEY, "Ada", "1", "ab" * 32), path)
    assert KEY.secret.hex() not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size < 12_000


@pytest.mark.parametrize(
    "change",
    [
        {"format": "something else"},
        {"tile": "AAAA"},
        {"tile": ""},
        {"tile": "AAAA" * 2730 + "AAA="},  # as many values, all of them zero
        {"layout": "endless"},
        {"identity": "no hex"},
        {"version": None},
    ],
)
def test_a_damaged_file_is_told_from_one(tmp_path, change):
    path = tmp_path / "ada.signed.json"
    save_issued(issue(KEY, "Ada", "1", "ab" * 32), path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match="no decoder of somebody's own"):
        load_issued(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b'{"format": 1}', b"[" * 100_000])
def test_other_files_are_none(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match="no decoder of somebody's own"):
        load_issued(tmp_path / "file")
    with pytest.raises(UsageError, match="No such file"):
        load_issued(tmp_path / "nothing")
