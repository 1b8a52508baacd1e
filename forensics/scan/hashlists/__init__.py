"""Lists of hashes of known files: read, matched against, and written for others."""

from forensics.scan.hashlists.base import FORMATS, Line, ListFormat, Source
from forensics.scan.hashlists.entries import Entry, Problem, entry_of
from forensics.scan.hashlists.lists import HashList
from forensics.scan.hashlists.matching import HashLists
from forensics.scan.hashlists.writing import WRITTEN, Written, write_list

__all__ = [
    "FORMATS",
    "WRITTEN",
    "Entry",
    "HashList",
    "HashLists",
    "Line",
    "ListFormat",
    "Problem",
    "Source",
    "Written",
    "entry_of",
    "write_list",
]
