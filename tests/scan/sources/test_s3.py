"""S3, by the real client and a server on loopback, with a proxy between them that fails on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forensics.errors import SourceError
from forensics.scan.items import Item, Locator
from forensics.scan.reading import Reader, RemoteLimits
from forensics.scan.sources import Left, Listing

from ..faulty import Plan, proxy
from ..gathering import content, found, items, lefts, reasons

pytest.importorskip("s3fs", reason="the extra `remote` is not installed")
boto3: Any = pytest.importorskip("boto3", reason="moto is not installed")
moto_server: Any = pytest.importorskip("moto.server", reason="moto[server] is not installed")

NETWORK = Listing(network=True)
QUICK = RemoteLimits(
    connect_seconds=2, read_seconds=0.5, total_seconds=1.0, attempts=4, first_wait=0.01, longest_wait=0.02
)
OBJECTS = {f"photos/{n % 7}/{n:03}.jpg": b"%d" % n * 50 for n in range(21)}
ODD = {
    "photos/a b#c?d=e.jpg": b"odd",
    "photos/é.png": b"accent",
    "photos/empty.gif": b"",
    "photos/x.zip": b"PK",
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[tuple[str, int]]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        credentials(patch, f"http://{host}:{port}")
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        client.create_bucket(Bucket="bare")
        for key, data in {**OBJECTS, **ODD, ".trash/x.jpg": b"x"}.items():
            client.put_object(Bucket="bucket", Key=key, Body=data)
        client.close()
    yield host, port
    server.stop()


def credentials(patch: pytest.MonkeyPatch, endpoint: str) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
    ):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_ENDPOINT_URL", endpoint)


@pytest.fixture
def plan(upstream: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    plan = Plan()
    with proxy(upstream, plan) as address:
        credentials(monkeypatch, address)
        yield plan


def item(key: str, length: int = -1) -> Item:
    return Item(f"s3://bucket/{key}", "-", Locator("remote", f"s3://bucket/{key}", length=length), key)


def reason(key: str, remote: RemoteLimits = QUICK) -> str:
    with Reader(remote=remote) as reader, pytest.raises(SourceError) as caught:
        reader.open(item(key))
    assert "secret" not in str(caught.value)
    return caught.value.reason


def test_everything_is_listed_and_read(plan: Plan) -> None:
    listed = items("s3://bucket/photos", how=NETWORK)
    expected = {**OBJECTS, **ODD}
    assert {one.id for one in listed} >= {f"s3://bucket/{key}" for key in OBJECTS}
    assert reasons(listed) == {"x.zip": "archive_remote"}
    with Reader(remote=QUICK) as reader:
        got = {one.locator.place: content(reader, one) for one in listed if one.locator.kind == "remote"}
    assert got == {f"s3://bucket/{key}": data for key, data in expected.items() if not key.endswith(".zip")}
    assert len({one.id for one in listed}) == len(listed) == len(expected)


def test_objects_come_with_size_time_and_version(plan: Plan) -> None:
    (one,) = items("s3://bucket/photos/3/003.jpg", how=NETWORK)
    assert (one.id, one.name, one.size) == ("s3://bucket/photos/3/003.jpg", "003.jpg", 50)
    assert one.modified > 1.7e9
    assert len(one.version) == 32


def test_rules_hold_for_objects(plan: Plan) -> None:
    how = Listing(network=True, include=("*.png", "*.jpg"), exclude=("photos/3/",), hidden=False)
    kept = {one.id for one in items("s3://bucket", how=how)}
    assert "s3://bucket/photos/3/003.jpg" not in kept
    assert "s3://bucket/photos/4/004.jpg" in kept
    counted = lefts("s3://bucket", how=how)
    assert {one.reason for one in counted} == {"excluded", "not_included", "hidden"}
    assert len(kept) + len(counted) == len(OBJECTS) + len(ODD) + 1
    assert all(
        isinstance(one, Left) for one in found("s3://bucket/photos", how=Listing(network=True, since=9e9))
    )


def test_what_is_not_there_or_not_ours_is_told_apart(plan: Plan) -> None:
    assert reasons(items("s3://nowhere/x", "s3://bare", "s3://bucket/no/", how=NETWORK)) == {
        "x": "io_not_found",
        "bare": "io_not_found",
        "": "io_not_found",
    }
    plan.faults["gone"] = []
    assert reason("gone.jpg") == "io_not_found"
    assert plan.requests["gone"] == 1
    plan.faults["001.jpg"] = ["403"] * 9
    assert reason("photos/1/001.jpg") == "io_denied"
    assert plan.requests["001.jpg"] == 1


@pytest.mark.parametrize("fault", ["slowdown", "500", "reset", "cut", "429"])
def test_what_goes_away_is_tried_again_until_it_does(plan: Plan, fault: str) -> None:
    plan.faults["001.jpg"] = [fault] * 2
    with Reader(remote=QUICK) as reader:
        assert content(reader, item("photos/1/001.jpg", 50)) == OBJECTS["photos/1/001.jpg"]
    assert plan.requests["001.jpg"] == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "name"),
    [("slowdown", "io_throttled"), ("503", "io_throttled"), ("500", "io"), ("slow", "io_timeout"),
     ("reset", "io"), ("cut", "io"), ("drip", "io_timeout")],
)  # fmt: skip
def test_what_stays_has_its_reason(plan: Plan, fault: str, name: str) -> None:
    plan.faults["002.jpg"] = [fault] * 99
    assert reason("photos/2/002.jpg", replace(QUICK, attempts=2)) == name
    # The client below sends a request again by itself where a connection that it kept was closed; and on a
    # busy machine an attempt may be over in time before its request arrives.
    sent = {"reset": (2, 3, 4), "slow": (1, 2), "drip": (1, 2)}
    assert plan.requests["002.jpg"] in sent.get(fault, (2,))


def test_throttled_lists_are_complete(plan: Plan) -> None:
    plan.faults["list-type"] = ["slowdown", "reset"]
    assert len(items("s3://bucket/photos", how=NETWORK)) == len(OBJECTS) + len(ODD)
    assert plan.requests["list-type"] == 3


@pytest.mark.slow
def test_nothing_is_lost_when_much_fails(plan: Plan) -> None:
    listed = [one for one in items("s3://bucket/photos", how=NETWORK) if one.name.endswith(".jpg")]
    for number, key in enumerate(OBJECTS):
        plan.faults[key] = ["slowdown", "reset", "cut"][: number % 4]
    with Reader(remote=QUICK) as reader:
        got = {one.locator.place.removeprefix("s3://bucket/"): content(reader, one) for one in listed}
    assert {key: got[key] for key in OBJECTS} == OBJECTS
    assert plan.requests == {key: number % 4 + 1 for number, key in enumerate(OBJECTS)}


def test_large_objects_are_refused_without_reading_them_whole(plan: Plan) -> None:
    small = RemoteLimits(file_bytes=10)
    with Reader(remote=small) as reader:
        assert content(reader, item("photos/1/001.jpg", 50)) == "too_large"
        assert content(reader, item("photos/1/001.jpg")) == "too_large"
        assert content(reader, item("photos/empty.gif")) == b""


def test_a_list_names_objects(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("s3://bucket/photos/1/001.jpg\ns3://bucket/gone.jpg\nfile:///etc/passwd\n")
    listed = items(f"@{path}", how=NETWORK)
    with Reader(remote=QUICK) as reader:
        assert [content(reader, one) for one in listed] == [b"1" * 50, "io_not_found", "scheme"]
