"""What object stores say of their files, in whatever words, and URLs that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from importlib.util import find_spec
from typing import Any

import pytest

from forensics.errors import MissingExtra, UsageError
from forensics.scan.sources import Listing, listed, remote
from forensics.scan.sources.choosing import Choice
from forensics.scan.sources.listing import Left
from forensics.scan.sources.remote import one_url

THEN = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "about",
    [
        {"LastModified": THEN},
        {"last_modified": THEN.astimezone(timezone(timedelta(hours=5)))},
        {"created": THEN.replace(tzinfo=None)},
        {"updated": "2024-05-01T12:00:00.000Z"},
        {"mtime": THEN.timestamp(), "created": 5.0},
        {"LastModified": "", "updated": "2024-05-01T14:00:00+02:00"},
    ],
)
def test_times_are_seconds_in_utc(about: dict[str, Any]) -> None:
    assert remote._modified(about) == THEN.timestamp()


@pytest.mark.parametrize("about", [{}, {"mtime": "yesterday"}, {"mtime": [1]}])
def test_no_time_is_zero(about: dict[str, Any]) -> None:
    assert remote._modified(about) == 0.0


@pytest.mark.parametrize(("size", "known"), [(5, 5), (0, 0), (None, -1), ("5", -1), (-3, -1), (1 << 70, -1)])
def test_sizes_that_are_none_are_unknown(size: object, known: int) -> None:
    assert remote._size({"size": size}) == known


def test_packages_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "find_spec", lambda name: None if name == "s3fs" else object())
    with pytest.raises(MissingExtra, match=r"\[remote\]"):
        listed(["s3://bucket"], Listing(network=True))
    item = one_url("s3://bucket/x", Choice(Listing(network=True), "-"))
    assert not isinstance(item, Left)
    assert item.locator.reason == "missing_extra"
    monkeypatch.setattr(remote, "find_spec", lambda name: None if name == "gcsfs" else object())
    with pytest.raises(UsageError, match="pip install gcsfs"):
        listed(["gs://bucket"], Listing(network=True))


@pytest.mark.skipif(find_spec("fsspec") is None, reason="the extra `remote` is not installed")
def test_rules_hold_for_urls_of_lists() -> None:
    choice = Choice(Listing(network=True, exclude=("example.org/private/",)), "@list")
    if find_spec("aiohttp") is None:
        pytest.skip("aiohttp is not installed")
    left = one_url("https://example.org/private/a.jpg?token=1", choice)
    assert left == Left("excluded", "@list", "https://example.org/private/a.jpg")
    assert not isinstance(one_url("https://example.org/a.jpg", choice), Left)
