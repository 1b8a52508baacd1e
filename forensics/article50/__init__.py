"""The Article 50 check: an evidence checklist over marked files, and a neutral report of what was detected.

Evidence for whoever has to show that generated pictures and clips are marked; no legal advice.

Source: Regulation (EU) 2024/1689, Article 50(2); Code of Practice on marking and labelling of AI-generated
content. The measures are told in our own words.
"""

from forensics.article50.checking import check
from forensics.article50.detected import DetectionReport, detection_report
from forensics.article50.measures import MEASURES, Measure
from forensics.article50.records import CheckReport, Finding, Layer, Outcome, Result
from forensics.article50.subject import Settings, Subject

__all__ = [
    "MEASURES",
    "CheckReport",
    "DetectionReport",
    "Finding",
    "Layer",
    "Measure",
    "Outcome",
    "Result",
    "Settings",
    "Subject",
    "check",
    "detection_report",
]
