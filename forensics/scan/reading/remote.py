"""Bytes over the network, through fsspec: bounded, timed, tried again where that helps, and without secrets.

A URL that a list or table names leads to public addresses alone, also where it redirects; a URL that the user
named may lead to its own host wherever that is. Redirects stay with HTTP.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urljoin

from forensics.errors import MissingExtra, SourceError
from forensics.scan.items import Item
from forensics.scan.reading.faults import HttpStatus, PrivateAddress, TooLarge, explained
from forensics.scan.reading.limits import RemoteLimits
from forensics.scan.reading.urls import host_of, is_public, is_url, protocol_of

__all__ = ["Remote"]

LISTING, GUARDED = "listing", "guarded"  # kinds of connections: for lists, and to public addresses alone

_Result = TypeVar("_Result")
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 1 << 16


class Remote:
    """File systems of the network, made on first use.

    Args:
        limits: What a file may cost.
    """

    def __init__(self, limits: RemoteLimits) -> None:
        self._limits = limits
        self._systems: dict[str, Any] = {}
        self._random = random.SystemRandom()

    def close(self) -> None:
        """Forget all file systems; their connections close with them."""
        self._systems.clear()

    def read(self, item: Item) -> bytes:
        """Return the bytes of a remote item.

        Raises:
            SourceError: They cannot be had: "io_not_found", "io_denied", "io_throttled", "io_timeout",
                "private_address", "too_large" or "io".
            MissingExtra: A package is not installed.
        """
        where = item.locator
        if where.length > self._limits.file_bytes:
            raise SourceError(f"the file has {where.length} bytes", reason="too_large", actual=where.length)
        if where.length == 0:
            return b""
        named = host_of(item.source) if is_url(item.source) else ""
        return self._persistent(lambda: _whole(self._fetch(where.place, named), where.length))

    def find(self, url: str) -> dict[str, dict[str, Any]]:
        """Return what fsspec says of all files below a URL, by their paths.

        Raises:
            SourceError: They cannot be listed.
            MissingExtra: A package is not installed.
        """
        found: dict[str, dict[str, Any]] = self._persistent(
            lambda: self._system(protocol_of(url), LISTING).find(_plain(url), detail=True)
        )
        return found

    def _persistent(self, call: Callable[[], _Result]) -> _Result:
        """Call, and again where that may help, after waits that double and are part chance."""
        wait = self._limits.first_wait
        for attempt in range(1, self._limits.attempts + 1):
            try:
                return call()
            except (MissingExtra, SourceError):
                raise
            except Exception as error:  # file systems of fsspec raise whatever the packages below them do
                fault = explained(error)
                if not fault.again or attempt == self._limits.attempts:
                    raise SourceError(f"{fault.message} (attempts: {attempt})", reason=fault.reason) from None
            time.sleep(min(wait, self._limits.longest_wait) * self._random.uniform(0.5, 1.0))
            wait *= 2
        raise SourceError("nothing was tried", reason="io")

    def _system(self, protocol: str, kind: str = "") -> Any:
        key = f"{protocol} {kind}"
        if key not in self._systems:
            self._systems[key] = _system(protocol, kind, self._limits)
        return self._systems[key]

    def _fetch(self, url: str, named: str) -> bytes:
        return self._get(url, named) if protocol_of(url) in ("http", "https") else self._ranged(url)

    def _ranged(self, url: str) -> bytes:
        """Read a file of an object store, and one byte more than is allowed."""
        system = self._system(protocol_of(url))
        most = self._limits.file_bytes
        path = _plain(url)
        try:
            if system.async_impl:
                from fsspec.asyn import sync

                within = self._limits.total_seconds
                data: bytes = sync(system.loop, system._cat_file, path, start=0, end=most + 1, timeout=within)
            else:
                data = system.cat_file(path, start=0, end=most + 1)
        except Exception as error:
            if explained(error).reason == "empty":
                return b""
            raise
        if len(data) > most:
            raise TooLarge(most)
        return data

    def _get(self, url: str, named: str) -> bytes:
        from fsspec.asyn import sync

        for _ in range(_MOST_REDIRECTS + 1):
            system = self._system("http", "" if host_of(url) == named else GUARDED)
            answer = sync(
                system.loop, _fetched, system, url, self._limits, timeout=self._limits.total_seconds
            )
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
            if protocol_of(url) not in ("http", "https"):
                raise SourceError("the server redirects to something else than HTTP", reason="redirect")
        raise SourceError("the server redirects too often", reason="redirect")


def _whole(data: bytes, length: int) -> bytes:
    if len(data) < length:
        raise ConnectionError("fewer bytes came than were listed")
    return data


def _plain(url: str) -> str:
    """The path that a file system takes: without user and password."""
    protocol, _, rest = url.partition("://")
    return f"{protocol}://{rest}"


async def _fetched(system: Any, url: str, limits: RemoteLimits) -> bytes | str:
    """Return the bytes behind an HTTP URL, or where it redirects to."""
    session = await system.set_session()
    async with session.get(system.encode_url(url), allow_redirects=False) as response:
        if response.status in _REDIRECTS:
            return str(response.headers.get("Location", ""))
        if response.status != 200:
            raise HttpStatus(response.status)
        data = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            data += chunk
            if len(data) > limits.file_bytes:
                raise TooLarge(limits.file_bytes)
        return bytes(data)


def _system(protocol: str, kind: str, limits: RemoteLimits) -> Any:
    try:
        import fsspec

        if protocol in ("http", "https"):
            client = _client(limits, kind == GUARDED)
            return fsspec.filesystem("http", skip_instance_cache=True, encoded=True, get_client=client)
        if protocol in ("s3", "s3a"):
            return _s3(fsspec, limits, limits.attempts if kind == LISTING else 1)
        return fsspec.filesystem(protocol, skip_instance_cache=protocol != "memory")
    except ImportError:
        raise MissingExtra(f"reading {protocol}:// URLs", "remote") from None


def _s3(fsspec: Any, limits: RemoteLimits, attempts: int) -> Any:
    """S3. A long list is many requests, each of which the client below us has to try again."""
    config = {
        "connect_timeout": limits.connect_seconds,
        "read_timeout": limits.read_seconds,
        "retries": {"mode": "standard", "total_max_attempts": attempts},
    }
    system = fsspec.filesystem("s3", config_kwargs=config, use_listings_cache=False, skip_instance_cache=True)
    system.retries = 1
    return system


def _client(limits: RemoteLimits, guarded: bool) -> Callable[..., Any]:
    async def client(**_: Any) -> Any:
        import socket

        import aiohttp

        def guard(address: Any) -> socket.socket:
            if not is_public(address[4][0]):
                raise PrivateAddress
            return socket.socket(address[0], address[1], address[2])

        connector = aiohttp.TCPConnector(socket_factory=guard if guarded else None)
        timeout = aiohttp.ClientTimeout(
            total=limits.total_seconds, sock_connect=limits.connect_seconds, sock_read=limits.read_seconds
        )
        plain = {"Accept-Encoding": "identity"}
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False, headers=plain
        )

    return client
