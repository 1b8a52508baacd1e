"""Reading a picture with some schemes, and saying what the bits are worth.

None of these schemes has an honest test for presence: bits come out of every picture. A p-value is given only
where bits are compared with a payload. It is the binomial one, times the number of comparisons. Of a payload
that was drawn at random it is right whatever the picture; of a published constant it rests on the bits of
unmarked pictures not being like that constant, which can only be measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import ForensicsError, UsageError
from forensics.media.types import Pixels
from forensics.watermark.others.base import SCHEMES, Decoder, Meaning, Message, Scheme, Word, bits_of, digits
from forensics.watermark.others.expected import Expected
from forensics.watermark.others.weights import find_weights
from forensics.watermark.statistics import bit_match_p_value

__all__ = ["MarkReader", "Reading"]

_CHANCE = -2.0  # log10 p-value above which nothing is claimed in words


@dataclass(frozen=True)
class Reading:
    """What one scheme reads in a picture.

    Attributes:
        scheme: Name of the scheme.
        title: What it is.
        bits: All bits as read, as in "0101"; of the best comparison, if several lengths were read.
        payload: What the scheme's own error correction makes of them; None if it has none or rejects them.
        schema: Name of its layout; None without `payload`.
        text: The payload as text, if it is one.
        compared: Name of the payload that fits best; None if there was nothing to compare with.
        matches: Bits that agree with it, before correction; None without a comparison.
        length: Of how many.
        tried: Number of comparisons in this picture that the p-value is corrected for.
        log10_p: log10 p-value; None without a comparison.
        weights: SHA-256 of the weights that were used; None if the scheme needs none.
        reason: One sentence for a person: what was found, or why there is no p-value.
        error: Code of what went wrong; None if nothing did.
    """

    scheme: str
    title: str
    bits: str = ""
    payload: str | None = None
    schema: str | None = None
    text: str | None = None
    compared: str | None = None
    matches: int | None = None
    length: int | None = None
    tried: int = 0
    log10_p: float | None = None
    weights: str | None = None
    reason: str = ""
    error: str | None = None

    @property
    def p_value(self) -> float | None:
        """Chance that so many bits agree without the mark, corrected; None without a comparison."""
        return None if self.log10_p is None else 10.0**self.log10_p


@dataclass(frozen=True)
class _Ready:
    """A scheme whose decoder was made, or the reason why it could not be."""

    scheme: Scheme
    messages: tuple[Message, ...]
    decoder: Decoder | None = None
    weights: str | None = None
    error: ForensicsError | None = None


@dataclass(frozen=True, eq=False)
class _Match:
    """A word beside a payload."""

    word: Word
    message: Message
    matches: int
    p_value: float


class MarkReader:
    """Reads pictures with some schemes; weights are loaded once.

    Args:
        names: Of the schemes; all if none is named.
        expected: Payloads to compare with, besides those known to the public.
        weights: Files of weights, by name of their source.

    Raises:
        UsageError: There is no such scheme, or none that is read holds an expected payload.
    """

    def __init__(
        self,
        names: Sequence[str] = (),
        expected: Sequence[Expected] = (),
        weights: Mapping[str, Path] | None = None,
    ) -> None:
        chosen = [_scheme(name) for name in dict.fromkeys(names or SCHEMES.names())]
        for one in expected:
            if not any(_holds(scheme, one) for scheme in chosen):
                raise UsageError(
                    f"no scheme that is read holds a payload of {len(one.message.bits)} bits "
                    f"({one.message.name})"
                )
        self._ready = [_prepared(scheme, expected, weights or {}) for scheme in chosen]

    def read(self, pixels: Pixels) -> tuple[Reading, ...]:
        """Return what each scheme reads.

        Args:
            pixels: (H, W, 3) uint8 RGB.
        """
        words = [_words(ready, pixels) for ready in self._ready]
        matches = [
            [] if isinstance(read, ForensicsError) else _matches(read, ready.messages)
            for read, ready in zip(words, self._ready, strict=True)
        ]
        tried = sum(len(each) for each in matches)
        return tuple(_reading(*parts, tried) for parts in zip(self._ready, words, matches, strict=True))


def _scheme(name: str) -> Scheme:
    if name not in SCHEMES:
        raise UsageError(
            f"no scheme is called {name!r}; there are: {', '.join(SCHEMES.names())}",
            expected=SCHEMES.names(),
            actual=name,
        )
    return SCHEMES.get(name)


def _holds(scheme: Scheme, expected: Expected) -> bool:
    return expected.scheme in (None, scheme.about.name) and (
        not scheme.about.lengths or len(expected.message.bits) in scheme.about.lengths
    )


def _prepared(scheme: Scheme, expected: Sequence[Expected], given: Mapping[str, Path]) -> _Ready:
    messages = (*scheme.about.messages, *(one.message for one in expected if _holds(scheme, one)))
    try:
        found = find_weights(scheme.about.weights, given) if scheme.about.weights else None
        decoder = scheme.decoder(found.data if found else None)
        return _Ready(scheme, messages, decoder, found.sha256 if found else None)
    except ForensicsError as error:
        return _Ready(scheme, messages, error=error)


def _words(ready: _Ready, pixels: Pixels) -> tuple[Word, ...] | ForensicsError:
    if ready.decoder is None:
        return ready.error or UsageError(f"{ready.scheme.about.name} cannot be read")
    lengths = tuple(dict.fromkeys(len(message.bits) for message in ready.messages))
    try:
        return ready.decoder(pixels, lengths) or ready.decoder(pixels, ())
    except ForensicsError as error:
        return error


def _matches(words: Sequence[Word], messages: Sequence[Message]) -> list[_Match]:
    found = []
    for word in words:
        for message in messages:
            if len(message.bits) == len(word.payload):
                agree = int((word.payload == bits_of(message.bits)).sum())
                found.append(_Match(word, message, agree, bit_match_p_value(agree, len(word.payload))))
    return sorted(found, key=lambda match: match.p_value)


def _reading(
    ready: _Ready, words: tuple[Word, ...] | ForensicsError, matches: Sequence[_Match], tried: int
) -> Reading:
    scheme = ready.scheme
    if isinstance(words, ForensicsError):
        return Reading(scheme.about.name, scheme.about.title, reason=str(words), error=words.code)
    best = matches[0] if matches else None
    word = best.word if best else words[0]
    meaning = scheme.meaning(word)
    log10_p = min(0.0, math.log10(best.p_value) + math.log10(tried)) if best else 0.0
    return Reading(
        scheme.about.name,
        scheme.about.title,
        bits=digits(word.raw),
        payload=meaning.payload if meaning else None,
        schema=meaning.schema if meaning else None,
        text=meaning.text if meaning else None,
        compared=best.message.name if best else None,
        matches=best.matches if best else None,
        length=len(word.payload) if best else None,
        tried=tried,
        log10_p=log10_p if best else None,
        weights=ready.weights,
        reason=_compared(best, log10_p) if best else _uncompared(scheme, meaning),
    )


def _compared(match: _Match, log10_p: float) -> str:
    how = f", {match.word.how}" if match.word.how else ""
    agree = f"{match.matches} of {len(match.word.payload)} bits are those of {match.message.name}{how}"
    if log10_p > _CHANCE:
        return f"No payload fits better than chance: at best {agree}."
    if match.message.drawn:
        return f"{agree}. The p-value holds if that payload was drawn at random."
    return f"{agree}. That payload is a published constant, which anybody can embed."


def _uncompared(scheme: Scheme, meaning: Meaning | None) -> str:
    if meaning:
        rare = round(1 / meaning.chance)
        return (
            f"Error correction ({meaning.schema}) accepts the bits after {meaning.corrected} corrections, as "
            f"it does with one random word in {rare}: no proof. Compare with the payload that you expect."
        )
    return (
        "Bits come out of every picture. There is no p-value without a payload to compare with: "
        f"{scheme.about.name} has no honest test for presence."
    )
