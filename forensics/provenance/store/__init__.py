"""The manifest store: from a mark, a hash or a fingerprint back to the credentials that a picture lost.

It only grows. What was registered can be revoked, never changed or removed, and a chain of hashes over all
entries shows when somebody did so nevertheless.
"""

from forensics.provenance.store.record import Mark, Record
from forensics.provenance.store.recording import recorded
from forensics.provenance.store.results import Entry, Match, Revocation, Stats, Verification
from forensics.provenance.store.searching import Found, FoundBy, Search, search
from forensics.provenance.store.store import ManifestStore

__all__ = [
    "Entry",
    "Found",
    "FoundBy",
    "ManifestStore",
    "Mark",
    "Match",
    "Record",
    "Revocation",
    "Search",
    "Stats",
    "Verification",
    "recorded",
    "search",
]
