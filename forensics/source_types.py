"""The vocabulary of digital source types: what each term says about how a picture came to be.

Terms and definitions: https://cv.iptc.org/newscodes/digitalsourcetype/ (release of 2024-10-23, retired terms
included, CC BY 4.0), and the two that C2PA 2.x adds under http://c2pa.org/digitalsourcetype/. Credentials and
plain metadata use the same terms, so this is the only table of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from forensics.evidence import Origin

__all__ = ["SOURCE_TYPES", "SourceTerm", "find_term"]


@dataclass(frozen=True)
class SourceTerm:
    """One term of the vocabulary.

    Attributes:
        name: Last part of its URI.
        origin: What it says; None where the content may come from anywhere.
        definition: What the vocabulary says, shortened.
        empty: There is no content yet, so it says nothing at all.
    """

    name: str
    origin: Origin | None
    definition: str
    empty: bool = False


_TERMS = (
    SourceTerm("digitalCapture", Origin.CAPTURED, "captured from real life with a digital device"),
    SourceTerm("computationalCapture", Origin.CAPTURED, "several frames of real life, merged automatically"),
    SourceTerm("negativeFilm", Origin.CAPTURED, "digitised from a negative on film"),
    SourceTerm("positiveFilm", Origin.CAPTURED, "digitised from a positive on film"),
    SourceTerm("print", Origin.CAPTURED, "digitised from a print"),
    SourceTerm("humanEdits", Origin.EDITED, "changed by people with non-generative tools"),
    SourceTerm("minorHumanEdits", Origin.EDITED, "minor correction by a person (retired)"),
    SourceTerm("algorithmicallyEnhanced", Origin.EDITED, "changed by an algorithm"),
    # All elements are captures, but somebody put them together: the whole was never before a lens.
    SourceTerm("compositeCapture", Origin.EDITED, "mix of elements that are all captures of real life"),
    SourceTerm("digitalCreation", Origin.CREATED, "created by people with non-generative tools"),
    SourceTerm("digitalArt", Origin.CREATED, "created by a person with digital tools (retired)"),
    SourceTerm("softwareImage", Origin.CREATED, "created by software (retired)"),
    SourceTerm("dataDrivenMedia", Origin.CREATED, "shows data, by human programming or creativity"),
    SourceTerm("algorithmicMedia", Origin.CREATED, "made by an algorithm that was not trained on samples"),
    SourceTerm("trainedAlgorithmicMedia", Origin.SYNTHETIC, "made with a model trained on captured content"),
    SourceTerm("trainedAlgorithmicData", Origin.SYNTHETIC, "made with a trained model; a data format (C2PA)"),
    SourceTerm("compositeSynthetic", Origin.COMPOSITE, "mix of elements, at least one from generative AI"),
    SourceTerm("compositeWithTrainedAlgorithmicMedia", Origin.COMPOSITE, "edited with generative AI"),
    SourceTerm("composite", None, "mix of elements, any of which may or may not be generative AI"),
    SourceTerm("virtualRecording", None, "recording of a virtual event: generative AI, captures or both"),
    SourceTerm("screenCapture", None, "the contents of a screen, which shows anything"),
    SourceTerm("empty", None, "a blank canvas (C2PA)", empty=True),
)

SOURCE_TYPES: dict[str, SourceTerm] = {term.name: term for term in _TERMS}
"""Every term by its name."""

_FOLDED = {name.lower(): term for name, term in SOURCE_TYPES.items()}
_URI = re.compile(r"(?:https?://(?:cv\.iptc\.org/newscodes|c2pa\.org)/digitalsourcetype/)?([A-Za-z]{4,60})/?")


def find_term(value: str) -> SourceTerm | None:
    """Return the term that a URI or a bare name stands for, None if it is none of them.

    Case, blanks around it and a closing slash do not matter: programs write all of these.

    Example:
        >>> find_term("http://cv.iptc.org/newscodes/digitalsourcetype/compositeCapture").origin.value
        'edited'
        >>> find_term("http://example.org/digitalCapture") is None
        True
    """
    match = _URI.fullmatch(value[:400].strip())
    return _FOLDED.get(match[1].lower()) if match else None
