"""Downloading a file whose hash is known: bounded in size, time and redirects, from HTTPS or this machine."""

from __future__ import annotations

import hashlib
import http.client
import io
import ipaddress
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit

from forensics.errors import UsageError
from forensics.watermark.others.weights import Source, read_bounded

__all__ = ["check", "download", "fetched", "require_allowed"]

_CHUNK = 1 << 20
_REDIRECTS = 3
_PATIENCE = 30.0  # seconds without a byte


def fetched(source: Source, where: str, sha256: str | None = None, *, seconds: float = 900.0) -> bytes:
    """Return weights from an address or a file, checked.

    Args:
        source: What is wanted.
        where: An address, or the path of a file; of an archive too, if the source has one.
        sha256: Its hash, where the source states none.
        seconds: How long a download may take.

    Raises:
        UsageError: No hash is known, the address is not allowed, or what came is not the file.
    """
    wanted = source.sha256 or sha256
    if not wanted:
        raise UsageError(f"no publication states the hash of {source.name}: give it with --sha256")
    if sha256 and sha256.lower() != wanted.lower():
        raise UsageError(f"{source.name} is pinned to another hash", expected=wanted, actual=sha256)
    if where.startswith(("http://", "https://")):
        data = download(where, most=source.most_bytes, seconds=seconds)
    else:
        data = read_bounded(Path(where), source)
    if source.archive_sha256 and hashlib.sha256(data).hexdigest() == source.archive_sha256:
        data = _member(data, source)
    check(data, wanted)
    return data


def check(data: bytes, sha256: str) -> None:
    """Refuse content whose hash is another.

    Raises:
        UsageError: It is.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != sha256.lower():
        raise UsageError(
            f"that is another file: its SHA-256 is {found}, not {sha256.lower()}; nothing was kept",
            expected=sha256,
            actual=found,
        )


def download(url: str, *, most: int, seconds: float) -> bytes:
    """Return what is at an address.

    Args:
        url: HTTPS anywhere, or HTTP on this machine.
        most: Bytes beyond which it is refused.
        seconds: How long it may take.

    Raises:
        UsageError: The address is not allowed, nobody answers, or it is too much or too slow.
    """
    require_allowed(url, url)
    deadline = time.monotonic() + seconds
    opener = urllib.request.build_opener(_Redirects(url))
    try:
        with opener.open(url, timeout=min(_PATIENCE, seconds)) as answer:
            return _body(answer, most, deadline)
    except urllib.error.HTTPError as error:
        with error:
            raise UsageError(f"{_shown(url)}: the server answers {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise UsageError(f"{_shown(url)} cannot be fetched: {reason or type(error).__name__}") from None


def _body(answer: http.client.HTTPResponse, most: int, deadline: float) -> bytes:
    stated = answer.headers.get("Content-Length", "")
    if stated.isdecimal() and int(stated) > most:
        raise UsageError(f"that is no such file: {stated} bytes, most {most}")
    parts, size = [], 0
    while chunk := answer.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > most:
            raise UsageError(f"that is no such file: more than {most} bytes")
        if time.monotonic() > deadline:
            raise UsageError("the download takes too long; nothing was kept")
    if stated.isdecimal() and size < int(stated):
        raise UsageError(f"the download broke off after {size} of {stated} bytes; nothing was kept")
    return b"".join(parts)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows few redirects, and none that leaves what is allowed."""

    max_redirections = _REDIRECTS
    max_repeats = 2

    def __init__(self, first: str) -> None:
        self._first = first

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        require_allowed(newurl, self._first)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def require_allowed(url: str, first: str) -> None:
    """Refuse what is neither HTTPS nor this machine; a page elsewhere may not send us to this machine.

    Args:
        url: What is asked for.
        first: The address that the user gave, from which redirects led here.

    Raises:
        UsageError: It is not allowed.
    """
    parts = urlsplit(url)
    here, started_here = _loopback(parts.hostname), _loopback(urlsplit(first).hostname)
    if parts.scheme == "https" and (not here or started_here):
        return
    if parts.scheme == "http" and here and started_here:
        return
    raise UsageError(f"{_shown(url)} is not allowed: files are fetched over https only")


def _loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _shown(url: str) -> str:
    """Return an address without what may be a secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def _member(data: bytes, source: Source) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(source.member) as stream:
            return stream.read(source.most_bytes)
    except (zipfile.BadZipFile, KeyError, zlib.error) as error:
        raise UsageError(f"the archive holds no {source.member}") from error
