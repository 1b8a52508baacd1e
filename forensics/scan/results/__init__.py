"""Working with what scans came to: reading, summing up, asking, comparing, exporting."""

from forensics.scan.results.comparing import Change, Comparison, compare
from forensics.scan.results.exporting import EXPORTS, export_rows
from forensics.scan.results.folder import Results, open_results
from forensics.scan.results.querying import Table, query
from forensics.scan.results.summing import Summary, summarise

__all__ = [
    "EXPORTS",
    "Change",
    "Comparison",
    "Results",
    "Summary",
    "Table",
    "compare",
    "export_rows",
    "open_results",
    "query",
    "summarise",
]
