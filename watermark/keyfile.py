"""Key files: one or more keys in a TOML file that only its owner may read."""

from __future__ import annotations

import datetime
import os
import re
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forensics.errors import UsageError
from forensics.files import atomic_write
from forensics.watermark.keys import SECRET_BYTES, Key

__all__ = ["key_ring", "load_keys", "ring_folder", "save_keys"]

VARIABLE = "FORENSICS_KEYS"
_MOST_BYTES = 16_000_000
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
_NAME = re.compile(r"[\w.@+-]{1,64}")
_HEAD = """\
# Watermark keys of `forensics`. Whoever can read this file can find, forge and remove these marks;
# without it nobody can find them. Keep a copy in a safe place, and tell nobody.
"""


def save_keys(keys: Sequence[Key], path: Path, *, add: bool = False) -> None:
    """Write keys to a new file, which only its owner may read.

    Args:
        keys: The keys, of different names.
        path: The file.
        add: Add to those that an existing file holds.

    Raises:
        UsageError: The file exists and nothing is to be added, or a name is wrong or taken.
        OSError: It cannot be written.
    """
    if path.exists() and not add:
        raise UsageError(f"{path} exists; a key is never overwritten (use --add, or another name)")
    every = [*(load_keys(path) if path.exists() else ()), *keys]
    names = [key.name for key in every]
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"the key name {name!r} may have letters, digits and . @ + - _ only", actual=name
            )
        if names.count(name) > 1:
            raise UsageError(f"there are two keys called {name!r}", actual=name)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    parts = [
        f'[[keys]]\nname = "{key.name}"\nid = "{key.id}"\norigin = "{key.origin}"\ncreated = {today}\n'
        f'secret = "{key.secret.hex()}"\n'
        for key in every
    ]
    atomic_write(path, "\n".join([_HEAD, *parts]).encode(), mode=0o600)


def load_keys(path: Path) -> tuple[Key, ...]:
    """Read the keys of a file.

    Raises:
        UsageError: The file is missing, others may read it, or it is no key file. No message holds a secret.
    """
    return tuple(_key(entry, path, number) for number, entry in enumerate(_entries(_text(path), path), 1))


def ring_folder() -> Path:
    """Return the folder of the user's key ring, whether it exists or not."""
    import click

    return Path(click.get_app_dir("forensics")) / "keys"


def key_ring(paths: Sequence[Path] = ()) -> tuple[Key, ...]:
    """Return the keys of the given files, or of the user's key ring if none is given.

    The ring is the file or folder that FORENSICS_KEYS names, else the folder `ring_folder`. Keys that occur
    twice count once.

    Args:
        paths: Key files, or folders of key files (`*.toml`).

    Raises:
        UsageError: A file is missing or no key file.
    """
    named = os.environ.get(VARIABLE)
    roots = list(paths) or ([Path(named)] if named else [ring_folder()])
    keys: dict[str, Key] = {}
    for root in roots:
        if not root.exists() and not paths and not named:
            continue
        for file in sorted(root.glob("*.toml")) if root.is_dir() else [root]:
            keys.update((key.id, key) for key in load_keys(file))
    return tuple(keys.values())


def _text(path: Path) -> str:
    try:
        # Without waiting: a pipe would never be ready.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _AT_ONCE)) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
                raise UsageError(f"{path} is no key file")
            if os.name == "posix" and status.st_mode & 0o077:
                raise UsageError(f"others can read the keys in {path}; run: chmod 600 {path}")
            return stream.read().decode("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no key file: not UTF-8 text") from None


def _entries(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        # The parser's message may quote a part of the file.
        raise UsageError(f"{path} is no key file: it cannot be parsed as TOML") from None
    entries = document.get("keys")
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) for e in entries):
        raise UsageError(f"{path} holds no [[keys]]; make one with: forensics watermark keygen {path}")
    return entries


def _key(entry: dict[str, Any], path: Path, number: int) -> Key:
    try:
        secret = bytes.fromhex(str(entry["secret"]))
    except (KeyError, ValueError):
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise UsageError(f"{path}: key {number} has no secret of 64 hexadecimal digits")
    key = Key(secret, str(entry.get("name", f"key-{number}")), str(entry.get("origin", "synthetic")))
    if "id" in entry and entry["id"] != key.id:
        raise UsageError(f"{path}: the id of key {number} does not belong to its secret: the file is damaged")
    return key
