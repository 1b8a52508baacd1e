"""Where is this file from? From a file that lost its credentials to the entry that it belongs to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forensics.errors import RestorationError
from forensics.media import Kind, Media
from forensics.provenance.reading import read_bytes
from forensics.provenance.report import CredentialReport, CredentialState
from forensics.provenance.restoring import Outcome, Restoration, restored
from forensics.provenance.store import Entry, Found, FoundBy, ManifestStore
from forensics.provenance.trust import TrustPolicy
from forensics.recovery.comparing import by_looks, by_mark, by_name
from forensics.recovery.confirming import RATE, confirmed, kept_of
from forensics.recovery.results import Candidate, Change, Recovery, Relation, Way
from forensics.recovery.subject import Subject, subject_of
from forensics.recovery.telling import AGREES
from forensics.watermark.codecs import NAMES
from forensics.watermark.detection import Detection
from forensics.watermark.keys import Key

__all__ = ["RATE", "recover"]

_TRIED = 20  # entries into which a file without a fingerprint is tried to be put back

File = Media | bytes | str | os.PathLike[str]


def recover(
    file: File,
    store: ManifestStore,
    *,
    keys: Sequence[Key] = (),
    mark: Detection | None = None,
    policy: TrustPolicy | None = None,
    most: int = 10,
    p: float = 0.01,
) -> Recovery:
    """Say where a file is from: by its bytes, its pixels, its mark, its credentials, its looks.

    Args:
        file: The file, its content, or either of them opened.
        store: Where to look.
        keys: Whose marks to look for; none are looked for without keys, nor where bytes or pixels decide.
        mark: What was found of marks already; then the keys are for those only that it could not read, and
            that an entry suggests.
        policy: Whom to trust; `TrustPolicy.resolve()` if None.
        most: At most so many candidates by their fingerprints.
        p: Only those that chance explains with at most this probability, all entries counted.

    Raises:
        MediaError: The file cannot be read, or its picture is broken.
        MissingExtra: Its decoder is not installed.
        StoreError: The store cannot be read.
    """
    policy = TrustPolicy.resolve() if policy is None else policy
    subject = subject_of(file)
    look = _Look(subject, store, policy, read_bytes(subject.data, policy) if _small(subject) else None)
    exact = _exactly(look)
    if exact is not None:
        return _finished(look, exact if mark is None else _with_mark(look, exact, mark, keys))
    if mark is None and keys:
        mark = _marked(subject, keys)
    marked = _of_mark(look, mark) if mark is not None and mark.detected else []
    named = _of_name(look)
    alike = _alike(look, most, p)
    if mark is not None and mark.payload is None:
        alike = _confirmed(look, alike, keys)
    return _finished(look, _decided(look, mark, marked, named, alike))


@dataclass(frozen=True)
class _Look:
    """What one recovery works with."""

    subject: Subject
    store: ManifestStore
    policy: TrustPolicy
    credentials: CredentialReport | None


def _small(subject: Subject) -> bool:
    """Whether the file is read at once; clips are read where something leads to an entry."""
    return subject.media is None or subject.media.container.kind is not Kind.VIDEO


def _exactly(look: _Look) -> Recovery | None:
    """Return what bytes or pixels that are registered show."""
    same = look.store.by_asset(look.subject.sha256) if look.subject.sha256 else ()
    if same:
        ordered = _living_first(same)
        reason = f"its SHA-256 is that of entry {ordered[0].number}"
        return _of(Relation.IDENTICAL, reason, [Candidate(e, (Way.FILE,), change=Change()) for e in ordered])
    pixels = look.subject.media.pixel_sha256 if look.subject.media and look.subject.pixels is not None else ""
    return _same_pixels(look, _living_first(look.store.by_pixels(pixels)))


def _same_pixels(look: _Look, entries: list[Entry]) -> Recovery | None:
    if not entries:
        return None
    back = {entry.number: _restored(look, entry) for entry in entries[:_TRIED]}
    entries.sort(key=lambda entry: (entry.revoked, not _whole(back.get(entry.number))))
    first = entries[0]
    candidates = [Candidate(entry, (Way.PIXELS,), change=Change()) for entry in entries]
    kind = look.subject.media.container.mime if look.subject.media else ""
    untold = not first.record.skeleton and kind == first.record.media_type
    if _whole(back.get(first.number)) or untold:
        relation, reason = Relation.STRIPPED, "the coded picture is the registered one"
    else:
        relation, reason = Relation.RECODED, "its pixels are the registered ones, encoded anew"
    reason = f"{reason} of entry {first.number}"
    return replace(_of(relation, reason, candidates), restoration=back.get(first.number))


def _marked(subject: Subject, keys: Sequence[Key]) -> Detection | None:
    from forensics.watermark import video, watermarker
    from forensics.watermark.codecs import available

    if subject.pixels is not None:
        return watermarker.detect(subject.pixels, keys, rate=RATE, codecs=available())
    if subject.media is not None and subject.media.container.kind is Kind.VIDEO:
        return video.detect_clip(subject.media, keys, rate=RATE)
    return None


def _of_mark(look: _Look, mark: Detection) -> list[Candidate]:
    """Return the entries that a mark leads to, the nearest first."""
    if mark.payload is None:
        return []
    found: dict[int, Entry] = {}
    said = mark.payload.identity
    for scheme in dict.fromkeys((mark.codec, *NAMES)):
        for text in dict.fromkeys((said, said.lstrip("0") or "0", said.upper())):
            found.update((entry.number, entry) for entry in look.store.by_payload(scheme, mark.key, text))
    return by_mark(look.subject, mark, list(found.values()))


def _of_name(look: _Look) -> list[Candidate]:
    """Return the entry of the manifest that the file carries itself."""
    report = look.credentials
    if report is None or not report.manifests:
        return []
    entry = look.store.get(report.manifests[0].label)
    return [] if entry is None else [by_name(look.subject, entry)]


def _alike(look: _Look, most: int, p: float) -> list[Candidate]:
    if not look.subject.positions or look.subject.plain:
        return []
    codes = [one.fingerprint for one in look.subject.positions]
    return [
        by_looks(
            look.subject,
            Found(
                match.entry, FoundBy.FINGERPRINT, match.chance, look.subject.positions[match.query].position
            ),
        )
        for match in look.store.nearest(codes, most, p=p)
    ]


def _confirmed(look: _Look, alike: list[Candidate], keys: Sequence[Key]) -> list[Candidate]:
    """Look for the marks of entries that look alike, none of which could be read; one that is there first."""
    near = [c for c in alike if c.chance is not None and c.chance.p_value <= AGREES]
    pixels = look.subject.pixels
    sure = confirmed(pixels, near, keys) if pixels is not None and near else None
    if sure is None or pixels is None:
        return alike
    sure = replace(sure, change=kept_of(pixels, sure))
    return [sure, *(c for c in alike if c.entry.number != sure.entry.number)]


def _with_mark(look: _Look, exact: Recovery, mark: Detection, keys: Sequence[Key]) -> Recovery:
    """Add what was found of marks; one too weak to be read is looked for, as the entry knows what it says."""
    exact, pixels = replace(exact, mark=mark), look.subject.pixels
    if mark.payload is not None or pixels is None:
        return exact
    sure = confirmed(pixels, exact.candidates[:1], keys)
    return exact if sure is None else replace(exact, candidates=(sure, *exact.candidates[1:]))


def _decided(
    look: _Look,
    mark: Detection | None,
    marked: list[Candidate],
    named: list[Candidate],
    alike: list[Candidate],
) -> Recovery:
    """Return the relation that everything together shows."""
    every = _joined([*marked, *named, *alike])
    whole = _put_back(look, marked)
    agreeing = next((c for c in (*marked, *named) if c.comparison and c.comparison.agrees), None)
    if whole is not None:
        reason = f"its mark leads to entry {whole.entry.number}, whose coded content it has"
        found = _of(Relation.STRIPPED, reason, _with_first(every, whole))
    elif agreeing is not None:
        found = _copy(agreeing, every)
    elif alike and alike[0].confirmation is not None:
        found = _known_mark(alike[0], every)
    elif mark is not None and marked:
        found = _of_another(mark, marked, every)
    elif mark is not None and mark.copied:
        reason = "its mark was copied here from another picture, which is not registered in this store"
        found = Recovery(Relation.COPIED, reason, candidates=tuple(every))
    elif alike:
        first = alike[0]
        p_value = first.chance.p_value if first.chance else 1.0
        reason = f"it looks like entry {first.entry.number} (p = {p_value:.1g}): a candidate, no proof"
        found = _of(Relation.LOOKS_LIKE, reason, _with_first(every, first))
    else:
        found = Recovery(Relation.UNKNOWN, _nothing(look, mark), candidates=tuple(every))
    return replace(found, mark=mark)


def _put_back(look: _Look, marked: list[Candidate]) -> Candidate | None:
    """Return the entry whose signed file comes back whole, among those that cannot be compared by looks."""
    for candidate in [c for c in marked if c.comparison is None][:_TRIED]:
        if _whole(_restored(look, candidate.entry)):
            return candidate
    return None


def _copy(agreeing: Candidate, every: list[Candidate]) -> Recovery:
    comparison = agreeing.comparison
    p_value = comparison.p_value if comparison else 1.0
    way = "mark" if Way.MARK in agreeing.ways else "credential"
    changed = agreeing.change is not None and agreeing.change.any
    relation = Relation.TRANSFORMED if changed else Relation.REENCODED
    reason = (
        f"its {way} leads to entry {agreeing.entry.number}, and it shows that picture (p = {p_value:.1g})"
    )
    if changed:
        reason += f": {agreeing.change}"
    return _of(relation, reason, _with_first(every, agreeing))


def _known_mark(sure: Candidate, every: list[Candidate]) -> Recovery:
    """Return what looks and a mark that is there, but too weak to be read, show together."""
    number, change, found = sure.entry.number, sure.change, sure.confirmation
    looks = sure.chance.p_value if sure.chance else 1.0
    there, meant = (found.log10_presence, found.log10_meant) if found else (0.0, 0.0)
    reason = (
        f"it looks like entry {number} (p = {looks:.1g}), and the mark of that entry, too weak to be read "
        f"without knowing it, is there (p = 10^{there:.0f}, against marks that say something else "
        f"10^{meant:.0f})"
    )
    if change is not None and change.any:
        return _of(Relation.TRANSFORMED, f"{reason}: {change}", _with_first(every, sure))
    return _of(Relation.REENCODED, reason, _with_first(every, sure))


def _of_another(mark: Detection, marked: list[Candidate], every: list[Candidate]) -> Recovery:
    """Return what it means that a mark leads to entries none of which is shown to be this picture."""
    first = marked[0]
    others = all(c.comparison is not None and c.comparison.disagrees for c in marked)
    names = _numbers(marked)
    if mark.copied:
        reason = f"its mark is that of {names}, and the mark itself shows that it was copied here"
        return _of(Relation.COPIED, reason, _with_first(every, first))
    if others and mark.copied is None:
        reason = (
            f"its mark is that of {names}, and it is another picture: the mark was copied here, unless "
            "pictures with this payload are made that nobody registers in this store"
        )
        return _of(Relation.COPIED, reason, _with_first(every, first))
    if others:
        reason = f"its mark is that of {names}, and at home in this picture, which is another one"
        return _of(Relation.ANOTHER, reason, _with_first(every, first))
    reason = f"its mark is that of {names}, but too little can be compared to say whether it is the picture"
    return _of(Relation.NOT_COMPARABLE, reason, _with_first(every, first))


def _nothing(look: _Look, mark: Detection | None) -> str:
    if mark is not None and mark.detected:
        return "it carries a mark of a known key, and nothing in this store has that mark"
    if look.subject.plain:
        return "nothing in this store is this file, and it is too flat to be found by its looks"
    return "nothing in this store is this file, has its pixels, its mark, or looks like it"


def _finished(look: _Look, found: Recovery) -> Recovery:
    """Add what is known of the file whatever the relation, and whether the signed file comes back."""
    found = replace(found, credentials=look.credentials, notes=_notes(look, found))
    subject = look.subject
    if subject.pixels is not None:
        found = replace(found, plain=subject.plain, moving=subject.moving)
    if found.entry is None or not found.found or found.restoration is not None:
        return found
    return replace(found, restoration=_restored(look, found.entry))


def _notes(look: _Look, found: Recovery) -> tuple[str, ...]:
    notes = []
    if found.entry is not None and found.entry.revoked:
        why = found.entry.revocations[-1].reason
        notes.append(f"entry {found.entry.number} was revoked: {why}")
    report = look.credentials
    if report is not None and report.state is CredentialState.INVALID:
        what = "its content was changed since it was signed, or they were moved here"
        why = what if report.content_changed else report.message
        notes.append(f"the credentials that it carries do not hold: {why}")
    if found.mark is not None and found.mark.tampering is not None and found.mark.tampering.share > 0.02:
        notes.append(f"its mark is missing in {found.mark.tampering.share:.0%} of the picture")
    return tuple(notes)


def _restored(look: _Look, entry: Entry) -> Restoration:
    record = entry.record
    try:
        return restored(
            look.subject.data, record.manifest, record.placement, skeleton=record.skeleton, policy=look.policy
        )
    except RestorationError as error:
        return Restoration(Outcome.IMPOSSIBLE, reason=str(error))


def _whole(restoration: Restoration | None) -> bool:
    return restoration is not None and restoration.outcome is Outcome.IDENTICAL


def _living_first(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.revoked)


def _of(relation: Relation, reason: str, candidates: list[Candidate]) -> Recovery:
    return Recovery(relation, reason, candidates[0].entry, tuple(candidates))


def _with_first(every: list[Candidate], first: Candidate) -> list[Candidate]:
    chosen = next(c for c in every if c.entry.number == first.entry.number)
    return [chosen, *(c for c in every if c is not chosen)]


def _joined(found: list[Candidate]) -> list[Candidate]:
    """Return each entry once, with all the ways that led to it."""
    known: dict[int, Candidate] = {}
    for one in found:
        before = known.get(one.entry.number)
        if before is None:
            known[one.entry.number] = one
            continue
        known[one.entry.number] = replace(
            before,
            ways=(*before.ways, *one.ways),
            comparison=before.comparison or one.comparison,
            chance=before.chance or one.chance,
            change=one.change if one.confirmation else before.change or one.change,
            confirmation=before.confirmation or one.confirmation,
        )
    return list(known.values())


def _numbers(candidates: list[Candidate]) -> str:
    numbers = [str(c.entry.number) for c in candidates]
    if len(numbers) == 1:
        return f"entry {numbers[0]}"
    return f"entries {', '.join(numbers[:5])}{' and others' if len(numbers) > 5 else ''}"
