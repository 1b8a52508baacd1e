"""Where the files of a scan come from: folders, lists, archives, tables and URLs."""

from forensics.scan.reading.limits import ArchiveLimits
from forensics.scan.sources.listed import listed
from forensics.scan.sources.listing import Left, Listing

__all__ = ["ArchiveLimits", "Left", "Listing", "listed"]
