"""URLs as items. Object stores are listed; HTTP has no lists, so a URL of it is one file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from forensics.errors import MissingExtra, SourceError, UsageError
from forensics.scan.items import Item, Locator
from forensics.scan.reading.limits import RemoteLimits
from forensics.scan.reading.remote import Remote
from forensics.scan.reading.urls import EXTRA_PROTOCOLS, PROTOCOLS, name_of, protocol_of, redacted
from forensics.scan.sources.archives import is_archive_name
from forensics.scan.sources.choosing import Choice
from forensics.scan.sources.listing import Left, Listing
from forensics.scan.sources.names import refused

__all__ = ["check_named", "found_remotely", "one_url"]


def check_named(url: str, how: Listing) -> None:
    """Make sure that a URL that the user named may and can be read.

    Raises:
        UsageError: The network was not asked for, or the protocol is not read.
        MissingExtra: A package is not installed.
    """
    if not how.network:
        raise UsageError(f"{redacted(url)} is on the network: add --network to read it")
    protocol = protocol_of(url)
    if protocol not in PROTOCOLS:
        raise UsageError(f"{protocol}:// is not read", expected=", ".join(PROTOCOLS), actual=protocol)
    needed = {"http": "aiohttp", "https": "aiohttp", "s3": "s3fs", "s3a": "s3fs"}.get(protocol, "fsspec")
    if find_spec("fsspec") is None or find_spec(needed) is None:
        raise MissingExtra(f"reading {protocol}:// URLs", "remote")
    package = EXTRA_PROTOCOLS.get(protocol)
    if package and find_spec(package) is None:
        raise UsageError(f"reading {protocol}:// URLs needs a package: pip install {package}")


def one_url(url: str, choice: Choice, where: str = "") -> Item | Left:
    """Return the item of a URL, without asking for it.

    Args:
        url: As it was given, with all its secrets.
        choice: What is wanted.
        where: The address of the item; the URL without its secrets if empty.
    """
    shown = redacted(url)
    where = where or shown
    try:
        check_named(url, choice.how)
    except MissingExtra as error:
        return refused(where, choice.source, error.code, str(error))
    except UsageError as error:
        reason = "network_not_allowed" if not choice.how.network else "scheme"
        return refused(where, choice.source, reason, str(error))
    if reason := choice.against(shown.partition("://")[2].partition("?")[0].strip("/")):
        return Left(reason, choice.source, where)
    return Item(where, choice.source, Locator("remote", url), name_of(url))


def found_remotely(url: str, choice: Choice) -> Iterator[Item | Left]:
    """List what is below a URL of an object store, in the order of names.

    Args:
        url: A bucket, a prefix or an object; or an HTTP URL, which stands for itself.
        choice: What is wanted.
    """
    if protocol_of(url) in ("http", "https"):
        yield one_url(url, choice)
        return
    remote = Remote(RemoteLimits())
    try:
        found = remote.find(url)
    except SourceError as error:
        yield refused(redacted(url), choice.source, error.reason, str(error))
        return
    finally:
        remote.close()
    if not found:
        yield refused(redacted(url), choice.source, "io_not_found", "nothing is found there")
    base = redacted(url).partition("://")[2].strip("/")
    for path in sorted(found):
        if found[path].get("type") != "directory" and not path.endswith("/"):
            yield _object(url, base, path, found[path], choice)


def _object(url: str, base: str, path: str, about: dict[str, Any], choice: Choice) -> Item | Left:
    place = f"{protocol_of(url)}://{path.lstrip('/')}"
    relative = path.strip("/").removeprefix(base).strip("/") or name_of(place)
    where, modified, size = redacted(place), _modified(about), _size(about)
    reason = choice.against(relative)
    if not choice.how.hidden and any(part.startswith(".") for part in relative.split("/")):
        reason = "hidden"
    if reason or choice.too_old(modified):
        return Left(reason or "older", choice.source, where)
    if choice.how.archives and is_archive_name(path):
        message = "archives are not opened over the network; fetch it and name the file"
        return refused(where, choice.source, "archive_remote", message, size)
    locator = Locator("remote", place, length=size)
    version = str(about.get("ETag") or about.get("etag") or "").strip('"')
    return Item(where, choice.source, locator, name_of(place), size, modified, version)


def _size(about: dict[str, Any]) -> int:
    size = about.get("size", about.get("Size"))
    return size if isinstance(size, int) and 0 <= size < 1 << 63 else -1


def _modified(about: dict[str, Any]) -> float:
    """Seconds since 1970 by whatever a file system calls it; 0.0 where it says nothing."""
    known = (about.get(key) for key in ("LastModified", "last_modified", "mtime", "updated", "created"))
    said = next((value for value in known if value), None)
    if isinstance(said, str):
        try:
            said = datetime.fromisoformat(said)
        except ValueError:
            return 0.0
    if isinstance(said, datetime):
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
    return float(said) if isinstance(said, int | float) else 0.0
