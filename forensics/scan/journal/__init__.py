"""The journal of a scan: what there is to do, what was done, and what came of it."""

from forensics.scan.journal.journal import Counts, Entry, Journal
from forensics.scan.journal.lock import locked

__all__ = ["Counts", "Entry", "Journal", "locked"]
