"""The verdict rules: one table, read from the top, the first row that holds decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forensics.evidence import Verdict
from forensics.fusion.facts import Facts

__all__ = ["RULES", "UNSTABLE", "Rule", "decide"]

UNSTABLE = "unstable"


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    Attributes:
        name: Stable name, reported beside the verdict.
        verdict: What follows.
        when: The condition in words.
        because: The sentence that a person reads.
        holds: The condition.
    """

    name: str
    verdict: Verdict
    when: str
    because: str
    holds: Callable[[Facts], bool]


RULES: tuple[Rule, ...] = (
    Rule(
        "unreadable",
        Verdict.UNREADABLE,
        "The pixels cannot be decoded",
        "The file could not be read as a picture or clip.",
        lambda f: not f.readable,
    ),
    Rule(
        "altered_since_signing",
        Verdict.ALTERED,
        "The hard binding fails under an otherwise good signature",
        "The content is not what was signed: it was changed afterwards, or the credential was moved here "
        "from another file.",
        lambda f: f.hard_binding_failed,
    ),
    Rule(
        "contradiction",
        Verdict.CONTRADICTORY,
        "A decisive contradiction: a broken chain, a changed credential, or a trusted capture that "
        "something speaks against",
        "What the file proves and what it shows cannot both be true.",
        lambda f: f.decisive_contradiction,
    ),
    Rule(
        "declared_by_trusted_signer",
        Verdict.SYNTHETIC,
        "A trusted signer declares that a model made the whole",
        "A trusted signer declares that a model made it.",
        lambda f: f.trusted_fully_ai,
    ),
    Rule(
        "watermark",
        Verdict.SYNTHETIC,
        "A generator's watermark at the declared false-alarm rate",
        "It carries a generator's watermark.",
        lambda f: f.watermark_proof,
    ),
    Rule(
        "copy_of_registered",
        Verdict.SYNTHETIC,
        "A copy of a registered file, shown by its pixels or by mark and looks, of which a trusted signer "
        "declared that a model made the whole",
        "It is a copy of a registered file that a trusted signer declared a model's.",
        lambda f: f.recovered_ai,
    ),
    Rule(
        "watermark_of_an_edit",
        Verdict.ALTERED,
        "A watermark of a model that changes pictures, at the declared false-alarm rate",
        "It carries the watermark of a model that changed it.",
        lambda f: f.watermark_partly,
    ),
    Rule(
        "partly_declared_by_trusted_signer",
        Verdict.ALTERED,
        "A trusted signer declares that a model made parts",
        "A trusted signer declares that a model changed it.",
        lambda f: f.trusted_partly_ai,
    ),
    Rule(
        "copy_of_registered_edit",
        Verdict.ALTERED,
        "The same, of a file of which a model made parts",
        "It is a copy of a registered file of which a trusted signer declared that a model changed it.",
        lambda f: f.recovered_partly_ai,
    ),
    Rule(
        "declared",
        Verdict.LIKELY_SYNTHETIC,
        "An unknown signer or plain metadata declares that a model made it",
        "It says of itself that a model made it; nobody trusted vouches for that.",
        lambda f: f.claimed_ai,
    ),
    Rule(
        "detectors_synthetic",
        Verdict.LIKELY_SYNTHETIC,
        "The fused opinion on 'synthetic' reaches the threshold",
        "The passive detectors together find the traces of a generator.",
        lambda f: f.opinion_synthetic,
    ),
    Rule(
        "partly_declared",
        Verdict.LIKELY_ALTERED,
        "An unknown signer or plain metadata declares that a model made parts",
        "It says of itself that a model changed it; nobody trusted vouches for that.",
        lambda f: f.claimed_partly_ai,
    ),
    Rule(
        "detectors_altered",
        Verdict.LIKELY_ALTERED,
        "The fused opinion on 'altered' reaches the threshold",
        "The passive detectors together find the traces of a change.",
        lambda f: f.opinion_altered,
    ),
    Rule(
        "trusted_capture",
        Verdict.CAPTURED,
        "A trusted signer declares a capture, the chain is intact, and nothing speaks against it",
        "A trusted signer declares that a camera captured it, and nothing speaks against that.",
        lambda f: f.trusted_capture,
    ),
    Rule(
        UNSTABLE,
        Verdict.INCONCLUSIVE,
        "The fused opinion reaches the threshold, but not half of it when the picture is delivered again",
        "The passive detectors suggest something, but not once it is saved, scaled or cropped again.",
        lambda f: f.unstable,
    ),
    Rule(
        "nothing",
        Verdict.INCONCLUSIVE,
        "Nothing either way",
        "Nothing decides how it was made: the normal answer for an honest photo.",
        lambda f: True,
    ),
)


def decide(facts: Facts) -> Rule:
    """Return the first rule that holds; the last one always does."""
    return next(rule for rule in RULES if rule.holds(facts))
