"""Render docs/verdicts.md from the tables in the code: `python docs/render_verdicts.py`."""

from __future__ import annotations

from pathlib import Path

from forensics.evidence import Verdict
from forensics.fusion.contradictions import MATRIX
from forensics.fusion.rules import RULES

__all__ = ["render"]

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
that fails under a good signature) or a watermark at a declared false-alarm rate. A claim is what a file says of
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
| `watermark_without_declaration` | no | A generator's watermark, and nothing in the file says so. |

## How opinions add up

Each detector gives a log10 likelihood ratio (LLR), calibrated on named pictures and never larger than the
logarithm of their number allows. For each question the LLRs are summed with weights that pay for dependence,
`LLR = sum w_i llr_i` with `w = R^-1 1` for the correlation matrix `R` of the findings: the same finding twice counts
as its mean, independent findings add up, and a pair whose correlation was never measured is taken as half
dependent. The prior (`--prior`, 0.5 by default) adds its log odds. From posterior odds of 100 to 1
on, an opinion counts. A prior alone never accuses: without a finding there is no opinion. The report shows every
term.

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


def render() -> str:
    """Return the page."""
    return HEAD.format(
        verdicts="\n".join(f"| `{v.value}` | {MEANINGS[v]} |" for v in Verdict),
        rules="\n".join(f"| `{r.name}` | {r.when} | `{r.verdict.value}` |" for r in RULES),
        cells="\n".join(f"| `{c.name}` | {'yes' if c.decisive else 'no'} | {c.summary} |" for c in MATRIX),
    )


if __name__ == "__main__":
    (Path(__file__).parent / "verdicts.md").write_text(render(), encoding="utf-8")
