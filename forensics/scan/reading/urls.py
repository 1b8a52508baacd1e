"""URLs: which are read, what of them may be shown, and which addresses they may lead to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote, urlsplit

from forensics.files import encodable

__all__ = [
    "EXTRA_PROTOCOLS",
    "PROTOCOLS",
    "host_of",
    "is_public",
    "is_url",
    "name_of",
    "protocol_of",
    "redacted",
]

PROTOCOLS = ("abfs", "abfss", "az", "gcs", "gs", "http", "https", "memory", "s3", "s3a")
"""Protocols that are read. Others of fsspec lead to files of this machine or run programs."""

EXTRA_PROTOCOLS = {"abfs": "adlfs", "abfss": "adlfs", "az": "adlfs", "gcs": "gcsfs", "gs": "gcsfs"}
"""Packages that some of them need beyond the extra `remote`."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 behind NAT64
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# Of queries: signatures of S3, Google and Azure, and whatever calls itself a secret.
_SECRET = re.compile(
    r"x-(amz|goog|ms)-|aws|google|sig|token|key|secret|pass|pwd|auth|cred|expires|policy|session|jwt"
    r"|^(se|sp|sv|sr|st|spr|sip|ss|srt|ske|skt|sks|skv|skoid|sktid|sdd|saoid|suoid|scid)$",
    re.IGNORECASE,
)


def is_url(text: str) -> bool:
    """Whether a text begins as URLs do, with a protocol and two slashes."""
    return _URL.match(text) is not None


def protocol_of(url: str) -> str:
    """Return the protocol of a URL in lower case."""
    match = _URL.match(url)
    return match[1].lower() if match else ""


def redacted(url: str) -> str:
    """Return a URL without what opens doors: user and password, signatures and tokens of its query.

    Example:
        >>> redacted("https://me:secret@example.org/a.jpg?size=2&X-Amz-Signature=0a1b&token=c#d")
        'https://example.org/a.jpg?size=2'
    """
    protocol, _, rest = url.partition("://")
    rest, _, _ = rest.partition("#") if protocol_of(url).startswith("http") else (rest, "", "")
    rest, mark, query = rest.partition("?")
    place, slash, path = rest.partition("/")
    kept = [part for part in query.split("&") if part and not _SECRET.search(unquote(part.partition("=")[0]))]
    known = f"{mark}{'&'.join(kept)}" if kept else ""
    return encodable(f"{protocol.lower()}://{place.rpartition('@')[2]}{slash}{path}{known}")


def name_of(url: str) -> str:
    """Return the last part of the path of a URL, as text."""
    path = redacted(url).partition("://")[2].partition("?")[0].partition("/")[2]
    return encodable(unquote(path.rstrip("/").rpartition("/")[2]))


def host_of(url: str) -> str:
    """Return the host and port of a URL in lower case, "" where it has none."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}:{parts.port or ''}".lower()
    except ValueError:
        return ""


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the public network, and to no machine or network of one's own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        within = found.ipv4_mapped or found.sixtofour
        if found in _TRANSLATED:
            within = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if within is not None and not is_public(str(within)):
            return False
    return found.is_global and not found.is_multicast
