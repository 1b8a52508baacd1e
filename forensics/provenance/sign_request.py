"""What is to be signed where, settled and checked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import ManifestError, UsageError
from forensics.files import encodable
from forensics.provenance.formats import ingredient_type
from forensics.provenance.manifest_json import PARENT_LABEL, Component, Relationship
from forensics.provenance.manifests import Manifest
from forensics.provenance.report import CredentialState
from forensics.provenance.trust import TrustPolicy

__all__ = [
    "IngredientFile",
    "PathLike",
    "Request",
    "SettledIngredient",
    "check_nothing_lost",
    "check_places",
    "real_path",
    "settle_ingredients",
]

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class IngredientFile:
    """A file that went into the one to be signed.

    Attributes:
        path: Where it is; its own credentials are carried along.
        relationship: A visible component, or an input of a model or filter.
        title: Title in the manifest; the file name if None.
    """

    path: PathLike
    relationship: Relationship = Relationship.COMPONENT
    title: str | None = None


@dataclass(frozen=True)
class SettledIngredient:
    """An ingredient, identified.

    Attributes:
        component: Label and relationship.
        path: Where it is.
        title: Title in the manifest.
        mime: Media type.
    """

    component: Component
    path: Path
    title: str
    mime: str


@dataclass(frozen=True)
class Request:
    """The arguments of `sign`, settled.

    Attributes:
        source: File to be signed.
        destination: Where the signed file goes.
        mime: Media type of the source, by its content.
        manifest: What is claimed.
        policy: Whom to trust when reading back.
        detached: The manifest goes into a sidecar.
        remote_url: Address of the manifest to be written into the file.
        ingredients: Everything that went into it, the parent first.
    """

    source: Path
    destination: Path
    mime: str
    manifest: Manifest
    policy: TrustPolicy
    detached: bool
    remote_url: str | None
    ingredients: tuple[SettledIngredient, ...] = ()

    @property
    def sidecar(self) -> Path | None:
        """Where the detached manifest goes."""
        return self.destination.with_suffix(".c2pa") if self.detached else None

    @property
    def changes_file(self) -> bool:
        """Whether the written file differs from the source."""
        return not self.detached or self.remote_url is not None

    @property
    def in_place(self) -> bool:
        """Whether source and destination are one file, under whatever names."""
        return self.destination.exists() and os.path.samefile(self.source, self.destination)


def real_path(path: Path) -> Path:
    """Follow a symbolic link, so that the file it names is replaced and not the link."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError) as error:
        raise UsageError(f"cannot follow {path}: {error}") from error


def settle_ingredients(
    request: Request, parent: PathLike | None, given: Sequence[IngredientFile | PathLike]
) -> tuple[SettledIngredient, ...]:
    """Return every ingredient, the parent first."""
    found = []
    if request.manifest.opens:
        before = Path(request.source if parent is None else parent)
        found.append(_settled(Component(PARENT_LABEL, Relationship.PARENT), before, encodable(before.name)))
    elif parent is not None:
        raise ManifestError(
            "the manifest says that the file was created, so it has no parent: use a template that edits, "
            "or name the file as an ingredient"
        )
    for number, entry in enumerate(given, start=1):
        item = entry if isinstance(entry, IngredientFile) else IngredientFile(entry)
        if item.relationship is Relationship.PARENT:
            raise ManifestError("the parent is given as `parent`, not among the ingredients")
        where = Path(item.path)
        component = Component(f"ingredient{number}", item.relationship)
        found.append(_settled(component, where, item.title or encodable(where.name)))
    return tuple(found)


def _settled(component: Component, path: Path, title: str) -> SettledIngredient:
    return SettledIngredient(component, path, title, ingredient_type(path))


def check_places(request: Request, *, overwrite: bool, in_place: bool) -> None:
    """Refuse whatever would replace a file that nobody asked to replace."""
    target = request.destination
    for place in (target, request.sidecar):
        if place is not None and place.exists() and not place.is_file():
            raise UsageError(f"{place} is a {'folder' if place.is_dir() else 'device'}; name a file")
    if request.in_place:
        if request.changes_file and not in_place:
            raise UsageError(f"{target} is the source itself: ask for in_place to replace it")
    elif target.exists() and not overwrite:
        raise UsageError(f"{target} exists: ask for overwrite to replace it")
    for entry in request.ingredients:
        if target.exists() and entry.path.samefile(target) and not request.in_place:
            raise UsageError(f"{target} is also an ingredient: it would be lost")
    detached = request.sidecar
    if detached is not None and detached.exists() and not overwrite:
        raise UsageError(f"{detached} exists: ask for overwrite to replace it")
    if detached is not None and detached == target:
        raise UsageError(f"{target} would be both the file and its sidecar")


def check_nothing_lost(request: Request) -> None:
    """Refuse to drop the credentials of the source without being asked."""
    if any(entry.path.samefile(request.source) for entry in request.ingredients):
        return
    from forensics.provenance.reading import read

    state = read(request.source, request.policy).state
    if state is not CredentialState.NONE:
        raise ManifestError(
            f"{request.source.name} carries credentials ({state.value}) that this manifest does not "
            "continue: use a template that edits, or ask for discard_credentials",
            actual=state.value,
        )
