"""The user's own identity: a watermark key, a certificate that this user trusts, and a store.

Each part is made when it is missing, and never replaced. Two processes that start at once get the same: a
part is made under another name, and moved to its own only if nothing stands there.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from forensics.errors import CertificateError, NotAFile, TrustPolicyError, UsageError
from forensics.files import atomic_write
from forensics.provenance.certificates import normalise_pem
from forensics.provenance.dev_ca import CA_DAYS, DevCa, create_dev_ca, load_dev_ca, renew_leaf
from forensics.provenance.trust import TrustList, TrustPolicy, policy_path, read_policy_text, user_policy_path
from forensics.watermark.keyfile import VARIABLE, key_ring, load_keys, ring_folder, save_keys
from forensics.watermark.keys import Key

__all__ = ["CA_VARIABLE", "STORE_VARIABLE", "Identity", "missing", "own_identity", "own_store"]

logger = logging.getLogger(__name__)

CA_VARIABLE, STORE_VARIABLE = "FORENSICS_CA", "FORENSICS_STORE"
_LIST = "own-marks"
_SOON = dt.timedelta(hours=1)
_NAME = "marking"  # of the key of what a model made; others have their origin behind it


@dataclass(frozen=True)
class Identity:
    """What a user marks with.

    Attributes:
        key: Secret of the watermarks.
        ca: Where the certificate, its key and the root are.
        policy: The policy in force, and the root of this identity.
        store: Path or address of the manifest store.
        vouched: Whether the policy in force trusts the root, so that marked files read as trusted.
        made: What was made just now, in words.
    """

    key: Key = field(repr=False)
    ca: DevCa
    policy: TrustPolicy = field(repr=False)
    store: str | Path
    vouched: bool
    made: tuple[str, ...] = ()


def own_identity(origin: str = "synthetic") -> Identity:
    """Return the user's own identity; what is missing of it is made.

    Keys come from $FORENSICS_KEYS where it is set, the certificate from the folder $FORENSICS_CA, the store
    from $FORENSICS_STORE; what these name is used as it is, and nothing is made there. An expired certificate
    of an own CA is renewed.

    Args:
        origin: What the watermarks say of a picture: "synthetic", or "composite" for one that was changed.

    Raises:
        UsageError: The keys named do not say which one to use, or there is none of that origin.
        CertificateError: The certificate has expired and cannot be renewed, or is damaged.
        TrustPolicyError: The user's own trust policy is wrong or cannot be written.
        NotAFile: The folder of the application cannot be written.
        StoreError: There is no store where one is named.
    """
    made: list[str] = []
    try:
        ca = _ca(made)
        key = _key(origin, made)
        store = _store(made)
        _vouch(ca, made)
    except OSError as error:
        raise NotAFile(f"cannot write the identity: {error.strerror or error} ({error.filename})") from error
    in_force = TrustPolicy.resolve()
    root = _pem(ca.root)
    vouched = any(root in entry.pem for entry in in_force.lists if entry.trusted)
    policy = in_force
    if not vouched:
        own = TrustList(name=_free_name(in_force), pem=root)
        policy = in_force.model_copy(update={"lists": (*in_force.lists, own)})
    return Identity(key, ca, policy, store, vouched, tuple(made))


def missing() -> tuple[str, ...]:
    """Return what `own_identity` would have to make, in words; nothing is made."""
    parts = {
        "watermark key": os.environ.get(VARIABLE) or _key_file("synthetic"),
        "certificate": os.environ.get(CA_VARIABLE) or _ca_folder(),
        "manifest store": os.environ.get(STORE_VARIABLE) or own_store(),
    }
    return tuple(name for name, place in parts.items() if isinstance(place, Path) and not place.exists())


def own_store() -> Path:
    """Return where the user's own store stands, whether it exists or not."""
    return _folder() / "store.sqlite"


def _folder() -> Path:
    import click

    return Path(click.get_app_dir("forensics"))


def _ca_folder() -> Path:
    return _folder() / "marking" / "ca"


def _key_file(origin: str) -> Path:
    return ring_folder() / f"{_name(origin)}.toml"


def _name(origin: str) -> str:
    return _NAME if origin == "synthetic" else f"{_NAME}-{origin}"


def _ca(made: list[str]) -> DevCa:
    named = os.environ.get(CA_VARIABLE)
    folder = Path(named) if named else _ca_folder()
    if not named and not folder.exists():
        try:
            create_dev_ca(folder, organisation="Private marking", days=CA_DAYS)
            made.append(f"a private certificate authority in {folder}")
        except (UsageError, NotAFile):
            if not (folder / "chain.pem").is_file():  # else somebody else made it at the same time
                raise
    ca = load_dev_ca(folder)
    if ca.expires > dt.datetime.now(dt.UTC) + _SOON:
        return ca
    try:
        renewed = renew_leaf(folder, days=CA_DAYS)
    except (CertificateError, NotAFile) as error:
        raise CertificateError(
            f"the certificate in {folder} expired on {ca.expires:%Y-%m-%d} and cannot be renewed: {error}"
        ) from error
    made.append(f"a new certificate in {folder}: the old one expired on {ca.expires:%Y-%m-%d}")
    logger.warning("the certificate in %s had expired; a new one was issued", folder)
    return renewed


def _key(origin: str, made: list[str]) -> Key:
    if os.environ.get(VARIABLE):
        return _only([key for key in key_ring() if key.origin == origin], origin)
    place = _key_file(origin)
    if not place.exists():
        with _beside(place) as part:
            save_keys([Key.generate(place.stem, origin)], part)
            if _moved(part, place):
                made.append(f"a watermark key in {place}: keep a copy in a safe place")
    return _only(list(load_keys(place)), origin)


def _only(keys: list[Key], origin: str) -> Key:
    """Return the one key to use; of several, the one that is called as ours are."""
    own = [key for key in keys if key.name == _name(origin)]
    found = keys if len(keys) == 1 else own
    if len(found) != 1:
        names = ", ".join(key.name for key in keys) or "none"
        raise UsageError(
            f"which key of origin {origin} is to mark? There are: {names}; name one, or set ${VARIABLE}"
        )
    return found[0]


def _store(made: list[str]) -> str | Path:
    from forensics.provenance.store import ManifestStore

    named = os.environ.get(STORE_VARIABLE)
    if named:
        return named
    place = own_store()
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        ManifestStore(place, create=True).close()
        made.append(f"a manifest store at {place}")
    return place


def _vouch(ca: DevCa, made: list[str]) -> None:
    """Let the user trust the root of an own CA, unless another policy than the user's own is in force."""
    own = user_policy_path()
    if os.environ.get(CA_VARIABLE) or policy_path() not in (None, own):
        return
    # Read once: another process may write the very same at the same time.
    before = read_policy_text(own) if own.is_file() else "version = 1\n"
    policy = TrustPolicy.parse(before, own)
    root = _pem(ca.root)
    if any(root in entry.pem or entry.name == _LIST for entry in policy.lists):
        return  # also where the user decided otherwise
    block = f"\n# Files that this user marked.\n[[list]]\nname = \"{_LIST}\"\npem = '''\n{root}'''\n"
    try:
        TrustPolicy.parse(before + block, own)
        own.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(own, (before + block).encode())
    except OSError as error:
        raise TrustPolicyError(f"{own}: cannot be written: {error.strerror or error}") from error
    made.append(f"the list {_LIST} in {own}: files of this identity read as trusted")


def _pem(root: Path) -> str:
    try:
        return normalise_pem(root.read_text(encoding="utf-8"), where=str(root))
    except (OSError, UnicodeDecodeError) as error:
        raise CertificateError(f"the root of the identity cannot be read: {root}: {error}") from error


def _free_name(policy: TrustPolicy) -> str:
    taken = {entry.name for entry in policy.lists}
    return next(name for name in (_LIST, *(f"{_LIST}-{n}" for n in range(2, 999))) if name not in taken)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """Give a name in a folder of its own, where nobody looks for keys."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=f".{place.stem}.", dir=place.parent))
    try:
        yield folder / place.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _moved(part: Path, place: Path) -> bool:
    """Move a file to a name that nothing has; return whether that was so."""
    try:
        os.link(part, place)
    except FileExistsError:
        return False
    except OSError:  # no links here: the best that is left
        if place.exists():
            return False
        os.replace(part, place)
    return True
