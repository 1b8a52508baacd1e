"""How closely files are looked at: three profiles, and the rule by which costly methods are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from forensics.detectors.base import DETECTORS, Detector
from forensics.detectors.choosing import choose
from forensics.detectors.watermark import OnGrid
from forensics.errors import UsageError

__all__ = ["PROFILES", "RULE", "Profile", "profile_named", "stages_of"]

RULE = (
    "A stage is run only where the verdict after the stage before does not rest on proof: it is none of "
    "synthetic, altered, captured and contradictory."
)
"""The rule of the cascade, in words; `forensics.auditor.SETTLED` is what it says."""

_GRID = "watermark:grid"
_SPECIAL: MappingProxyType[str, Callable[[], Detector]] = MappingProxyType({_GRID: OnGrid})


@dataclass(frozen=True)
class Profile:
    """How closely to look.

    Attributes:
        name: What it is called.
        about: What it does, in one line.
        stages: Names of the detectors of each stage; "watermark:grid" is the look for marks in pictures
            that were not scaled, cropped or turned. None stands for all detectors, in one stage.
        chunk: Files that a worker takes at a time, until it is known how long they take.
    """

    name: str
    about: str
    stages: tuple[tuple[str, ...], ...] | None
    chunk: int


PROFILES = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile("triage", "credentials, metadata and hashes", (("metadata",),), 16),
            Profile(
                "standard",
                "and watermarks, and the cheap detectors of generated and altered pictures",
                (
                    ("metadata", _GRID),
                    ("cooccurrence", "dct", "fingerprint", "jpeg", "prnu", "residual", "spectral"),
                    ("watermark",),
                ),
                4,
            ),
            Profile("deep", "every detector on every file", None, 1),
        )
    }
)
"""Profiles by name. Times of each detector: benchmarks/scan_speed.py."""


def profile_named(name: str) -> Profile:
    """Return a profile.

    Raises:
        UsageError: There is none of that name.
    """
    if name not in PROFILES:
        raise UsageError(f"no profile called {name!r}; there are: {', '.join(PROFILES)}", actual=name)
    return PROFILES[name]


def stages_of(
    profile: Profile, only: Sequence[str] = (), skip: Sequence[str] = (), own: Sequence[Detector] = ()
) -> tuple[tuple[Detector, ...], ...]:
    """Return the detectors of each stage of a profile, ready to run.

    Args:
        profile: How closely to look.
        only: Names of detectors to run in place of the profile's, all in one stage.
        skip: Names of detectors to leave out.
        own: Further ones: they join the second stage, or make one after the first.

    Raises:
        UsageError: There is no detector of a name, or none is left.
    """
    if only or profile.stages is None:
        stages: tuple[tuple[Detector, ...], ...] = (choose(only or None, skip, own),)
    else:
        stages = _without(skip, own, [[_detector(name) for name in stage] for stage in profile.stages])
    if not any(stages):
        raise UsageError("--only and --skip leave no detector to run")
    return stages


def _without(
    skip: Sequence[str], own: Sequence[Detector], stages: list[list[Detector]]
) -> tuple[tuple[Detector, ...], ...]:
    """Return stages with the user's own detectors, and without those that are left out."""
    if skip or own:
        choose(skip=skip, own=own)  # which says what is wrong with them
    if own:
        stages[1:2] = [[*(detector for stage in stages[1:2] for detector in stage), *own]]
    kept = (tuple(d for d in stage if d.info.name not in skip) for stage in stages)
    return tuple(stage for stage in kept if stage)


def _detector(name: str) -> Detector:
    return _SPECIAL[name]() if name in _SPECIAL else DETECTORS.get(name)()
