"""Files that would keep the SDK busy for ever are given up, and said to be."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from forensics import Auditor
from forensics.errors import LimitExceeded
from forensics.provenance import TrustPolicy, read
from forensics.provenance import _rationed as module
from forensics.provenance._rationed import Rationed


@pytest.fixture
def clip_of_boxes(tmp_path: Path) -> Path:
    path = tmp_path / "boxes.mp4"
    path.write_bytes(b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x08free" * 60_000)
    return path


def test_a_clip_of_endless_boxes_is_given_up(clip_of_boxes: Path) -> None:
    with pytest.raises(LimitExceeded, match="too many parts"):
        read(clip_of_boxes, TrustPolicy.default())


def test_the_audit_says_that_credentials_were_not_read(clip_of_boxes: Path) -> None:
    report = Auditor(trust=TrustPolicy.default(), only=["metadata"]).audit(clip_of_boxes)
    assert ("credentials", "limit") in {(p.where, p.code) for p in report.errors}


def test_a_gif_may_come_in_more_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"GIF89a\x01\x00\x01\x00\x00\x00\x00"
    path = tmp_path / "comments.gif"
    path.write_bytes(head + b"!\xfe\x01x\x00" * 3_000 + b"!\xfe\x0aprovenance\x00;")
    monkeypatch.setattr(module, "MOST_CALLS", 10)
    read(path, TrustPolicy.default())
    monkeypatch.setattr(module, "MOST_CALLS_GIF", 1_000)
    with pytest.raises(LimitExceeded):
        read(path, TrustPolicy.default())


def test_it_reads_like_the_file() -> None:
    stream = Rationed(io.BytesIO(b"abcdef"), None)
    buffer = bytearray(3)
    assert stream.readinto(memoryview(buffer)) == 3
    assert (bytes(buffer), stream.tell()) == (b"abc", 3)
    assert stream.seek(-2, 2) == 4
    assert stream.read() == b"ef"
    stream.flush()
    stream.check()
    with pytest.raises(OSError, match="reading"):
        stream.write(b"")
