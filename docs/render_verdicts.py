"""Render docs/verdicts.md from the tables in the code: `python docs/render_verdicts.py`."""

from __future__ import annotations

from pathlib import Path

from forensics.detectors.calibration import load
from forensics.evidence import Evidence, Grade, Question, Status, Verdict
from forensics.fusion.contradictions import MATRIX
from forensics.fusion.opinions import THRESHOLD, fuse, load_dependence
from forensics.fusion.rules import RULES
from forensics.fusion.stability import SAVED, SCALE, SECONDS

__all__ = ["FINDINGS", "most", "render"]

# What carries a likelihood ratio: the finding, the question it answers, and its calibration.
FINDINGS = (
    ("copy_move.duplicate", Question.ALTERED, "copy_move"),
    ("jpeg.double", Question.HISTORY, "jpeg_double"),
    ("jpeg.foreign_grid", Question.ALTERED, "jpeg_foreign_grid"),
    ("jpeg.grid", Question.HISTORY, "jpeg_grid"),
    ("jpeg.lacking_save", Question.ALTERED, "jpeg_lacking_save"),
    ("jpeg.thumbnail", Question.ALTERED, "jpeg_thumbnail"),
    ("noise.region", Question.ALTERED, "noise"),
    ("periodicity.upsampling", Question.SYNTHETIC, "periodicity"),
    ("prnu.camera", Question.CAPTURED, "prnu"),
)

MEANINGS = {
    Verdict.SYNTHETIC: "A generative model made it. Proven.",
    Verdict.LIKELY_SYNTHETIC: "It says so of itself without anyone trusted vouching, or detectors agree.",
    Verdict.ALTERED: "It is not what was signed, or a trusted signer says a model changed it. Proven.",
    Verdict.LIKELY_ALTERED: "It says so of itself, or detectors agree.",
    Verdict.CAPTURED: "A trusted signer declares a capture and nothing speaks against it.",
    Verdict.CONTRADICTORY: "What it proves and what it shows cannot both be true.",
    Verdict.INCONCLUSIVE: "Nothing either way: the normal answer for an honest photo without credentials.",
    Verdict.UNREADABLE: "It could not be decoded; the report says why.",
}

HEAD = """# Verdicts

<!-- Rendered by docs/render_verdicts.py from forensics/fusion; change the code, not this page. -->

An audit ends in exactly one verdict.

| verdict | meaning |
|---|---|
{verdicts}

**Proof is kept apart from opinion.** Proof is cryptography (a credential that your trust policy trusts, a hash
that fails under a good signature), a watermark at a declared false-alarm rate, or a file of the
[manifest store](recovery.md) of which this one is a copy. A claim is what a file says of
itself; anyone can write that. An opinion is passive statistics. Claims and opinions never lead past `likely_*`.

## Rules

Read from the top; the first row that holds decides. Its name stands in the report as `rule`.

| rule | holds when | verdict |
|---|---|---|
{rules}

## Contradictions

Every source of claims is one side of a cell. An occupied cell is reported by name; a decisive one turns the
verdict to `contradictory`.

| name | decisive | meaning |
|---|---|---|
{cells}
| `broken_chain` | yes | The credential is built on an ingredient whose own credential does not verify. |
| `credential_tampered` | yes | The credential was changed after it was signed. |
| `trusted_capture_vs_detectors` | yes | A trusted capture, and fused opinions beyond the threshold. |
| `ai_claim_without_credentials` | no | Metadata says a model made it, no credential does. |
| `mark_copied` | where the mark shows it itself | Its watermark is that of another picture: by the mark, or by the store. |
| `watermark_without_declaration` | no | A generator's watermark, and nothing in the file says so. |

## How opinions add up

Each detector gives log10 likelihood ratios (LLR), calibrated on named pictures and never larger than the
logarithm of their number allows. For each question, what speaks for "yes" is summed apart from what speaks for
"no", and the two are added. On either side the strongest finding counts in full and every other one by half
(`LLR = max + (1 - d) (sum - max)` with the dependence `d` = {dependence:g}, which is assumed and not measured):
were the findings independent, they would add up in full; did they all see the same thing, only the strongest
would count. So

- no finding lowers the result by speaking for it, and leaving out a detector that found nothing changes nothing;
- the result for either side lies between its strongest finding and the plain sum;
- the same finding twice is one finding; one whose LLR is exactly 0 takes no part.

For `synthetic`, what ships was learned instead: each of the trained picture detectors counts for its own share, so that
all of them together may say less than the strongest alone; beside other findings they count as one, by the rule above.
With `--calibration`, what was learned on pictures of your own takes its place: see
[Calibrate on your own pictures](calibration.md).

The prior (`--prior`, 0.5 by default) adds its log odds. From posterior odds of 100 to 1 on (the threshold
{threshold:g}), an opinion counts. A prior alone never accuses: unless the findings add up to 0.5 or more there is
no opinion. The report shows every term.

### Delivered again

Before the opinion of detectors alone makes or changes a verdict, a still picture is saved as JPEG {saved}, scaled to
{scale:.0f} % and cropped by some pixels, and the detectors that spoke for it look again. Traces weaken on such ways:
an opinion holds if its log10 posterior odds are still half of the threshold, {half:g}, in at least half of the ways in
which anything could be looked at again. Else the rule is `unstable` and the verdict `inconclusive`. A finding that no
longer applies there keeps its weight: it can neither confirm nor refute. No further way is tried after {seconds:g}
seconds. Most audits end without an opinion that counts and pay nothing; `--no-stability` leaves it out.

### How far findings can go

Computed from the calibrations that ship, at the prior 0.5. A finding cannot weigh more than its calibration allows,
so few reach the threshold alone.

| finding | answers | weighs at most | decides alone |
|---|---|---|---|
{reach}

{together}

## What the verdicts do not say

- `captured` means that a trusted signer declares a capture. It does not mean that the scene was real: a screen
  can be photographed.
- `altered` by a failed hash means that the file is not byte for byte what was signed in the hashed ranges. The
  change may be harmless, such as a re-save by software that kept the credential; a credential moved from another
  file fails the same way.
- A manifest store that is found beside a file only by its name (`a.c2pa` beside `a.png`) and does not fit accuses
  nobody: it may belong to another file of that name. The report names it. `forensics credentials inspect --sidecar`
  takes it as the file's own.
- `inconclusive` is neither "real" nor "suspicious".
"""


def most(question: Question, findings: tuple[tuple[str, Question, str], ...] = FINDINGS) -> float:
    """Return the fused LLR if every finding on a question weighed all that its calibration allows."""
    return fuse([_at_its_cap(*f) for f in findings if f[1] is question], question).llr


def _at_its_cap(code: str, question: Question, name: str) -> Evidence:
    calibration = load(name)
    return Evidence(
        detector=code.partition(".")[0],
        code=code,
        question=question,
        grade=Grade.OPINION,
        status=Status.SIGNAL,
        summary="As strong as can be.",
        llr=calibration.cap_for,
        calibration=calibration.to_calibration(),
    )


def _reach(code: str, question: Question, name: str) -> str:
    cap = load(name).cap_for
    alone = "yes" if cap >= THRESHOLD else "no"
    if question is Question.HISTORY:
        alone = "never: what was done to the file moves no verdict"
    if question is Question.CAPTURED:
        alone = "never: a capture is a verdict by trusted credentials only"
    return f"| `{code}` | {question.value} | {cap:.2f} | {alone} |"


def _together(question: Question, verdict: Verdict) -> str:
    best = most(question)
    if best >= THRESHOLD:
        return f"All findings on '{question.value}' together: at most {best:.2f}."
    return (
        f"All findings on '{question.value}' together: at most {best:.2f}. So at this prior and threshold "
        f"detectors alone\ncannot lead to `{verdict.value}` yet; what a file says of itself can."
    )


def render() -> str:
    """Return the page."""
    verdicts = {Question.ALTERED: Verdict.LIKELY_ALTERED, Question.SYNTHETIC: Verdict.LIKELY_SYNTHETIC}
    return HEAD.format(
        dependence=load_dependence().between,
        threshold=THRESHOLD,
        half=THRESHOLD / 2,
        saved=SAVED,
        scale=100 * SCALE,
        seconds=SECONDS,
        reach="\n".join(_reach(*finding) for finding in FINDINGS),
        together="\n\n".join(_together(q, v) for q, v in verdicts.items()),
        verdicts="\n".join(f"| `{v.value}` | {MEANINGS[v]} |" for v in Verdict),
        rules="\n".join(f"| `{r.name}` | {r.when} | `{r.verdict.value}` |" for r in RULES),
        cells="\n".join(f"| `{c.name}` | {'yes' if c.decisive else 'no'} | {c.summary} |" for c in MATRIX),
    )


if __name__ == "__main__":
    (Path(__file__).parent / "verdicts.md").write_text(render(), encoding="utf-8")
