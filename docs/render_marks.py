"""Sections of docs/benchmarks.md on marks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from render_others import known_payloads, side_by_side
from render_tables import RESULTS, cell, load, source, table

__all__ = ["watermarks"]

CODECS = ("spread", "learned")
SUITES = {
    "contract": "what is demanded",
    "full": "the attacks of the published benchmarks",
}


SURVIVAL = {
    f"{suite}_{codec}{more}": f"of the codec {codec} survive: {title}{said}"
    for suite, title in SUITES.items()
    for codec in CODECS
    for more, said in {
        "": "",
        "_fresh": ", in pictures by which nothing was chosen",
        "_small": ", in small pictures",
        "_classical": ", where ONNX Runtime is not installed",
    }.items()
}


def _survival(name: str) -> str:
    """What marks survive, one row for each attack; the figures that were demanded and missed in bold."""
    result = load(f"watermark_{name}")
    rows = []
    for row in result["rows"]:
        found = f"{row['detected']} of {row['pictures']}"
        low, high = row["interval"]
        rows.append(
            (
                f"`{row['attack']}`",
                "" if row["demand"] is None else f"{row['demand']:.0%}",
                found if row["met"] else f"**{found}**",
                row["exact"],
                f"{low:.3f} to {high:.3f}",
                f"10^{row['weakest_log10_p']:.1f}",
                f"10^{row['median_log10_p']:.1f}",
                f"{1000 * row['seconds_per_megapixel']:.0f}",
            )
        )
    pictures = ", ".join(f"{count} of {group}" for group, count in result["pictures"].items())
    head = ("attack", "demanded", "found", "read", "95 %", "weakest p", "median p", "ms per megapixel")
    return (
        f"## What marks {SURVIVAL[name]}\n\n{source(result)}\n"
        f"Pictures: {pictures}. PSNR at least {result['least_psnr']} dB. One threshold for all attacks: a false-alarm "
        f"rate of {result['rate']:g} for each picture. The interval is Wilson's, of the share found; the time is "
        "that of the detection, the median over pictures. What falls short of what was demanded is in bold.\n\n"
        + table(head, rows)
    )


FRONTS = {"learned": "detect", "classical": "detect, without ONNX Runtime"}


def _chance(front: str) -> str:
    result = load(f"watermark_false_alarms_{front}")
    rows = [
        (
            f"{row['rate']:g}",
            row["alarms"],
            f"{row['alarms'] / result['pairs']:.2g}",
            f"{row['interval'][0]:.2g} to {row['interval'][1]:.2g}",
        )
        for row in result["rows"]
    ]
    kinds = ", ".join(f"`{name}`" for name in dict.fromkeys(result["attacks"]))
    return (
        f"## How often chance looks like a mark: {FRONTS[front]}\n\n{source(result)}\n"
        f"{result['pairs']} pairs of a picture and a key that it was not marked with; {result['pictures']} pictures, each "
        f"as it is and after: {kinds} (`mark`: marked with another key). Smallest p-value: "
        f"10^{result['smallest_log10_p']:.1f}.\n\n"
        + table(("declared rate", "alarms", "measured rate", "95 %"), rows)
    )


def _clips() -> str:
    """What marks on clips survive, and what they cost."""
    result = load("watermark_video")
    peak = result["peak_mb"]
    groups = (
        ("films", "Films of ten seconds, 1280 x 720: a camera over photos, with cuts, grain and sound"),
        ("every_fifth", "The same, with every fifth frame marked"),
        ("heads", "Talking heads, 480 to 512 pixels high"),
    )
    memory = "; ".join(f"{action} {p['10 s']} MB and {p['60 s']} MB" for action, p in peak.items())
    kept = ", ".join(
        f"{name.replace('_', ' ')}: {'yes' if value else '**no**'}" for name, value in result["kept"].items()
    )
    return (
        f"## What marks in clips survive\n\n{source(result)}\n"
        "How much frames count and how large tiles are was chosen on other photos than those of the films. "
        "Coded by H.264 at crf 28 where nothing else is said; the first row is as marked, at crf 18. One threshold for "
        "all: a false-alarm rate of 1e-06 for each clip.\n\n"
        + "\n".join(_of_clips(title, result[name]) for name, title in groups)
        + f"\nPeak memory with ten seconds and with a minute of 1280 x 720: {memory}. Copied unchanged: {kept}.\n"
    )


def _chance_in_clips() -> str:
    """How often chance looks like a mark in a clip."""
    result = load("watermark_video_chance")
    alarms = [
        (f"{r['rate']:g}", r["alarms"], f"{r['interval'][0]:.2g} to {r['interval'][1]:.2g}")
        for r in result["alarms"]
    ]
    shares = [(r["search"], r["of_clips"], r["of_pictures"]) for r in result["shares"]]
    return (
        f"## How often chance looks like a mark in a clip\n\n{source(result)}\n"
        f"{result['pairs']} pairs of a key and a small clip that it did not mark; {result['clips']} clips, a third of them "
        f"marked by another key. Smallest p-value: 10^{result['smallest_log10_p']:.1f}.\n\n"
        + table(("declared rate", "alarms", "95 % of the measured rate"), alarms)
        + "\nWhich share of the hypotheses counts, in sums of frames and in the pictures of the calibration that "
        "ships:\n\n" + table(("search", "in clips", "in pictures"), shares)
    )


def _of_clips(title: str, result: dict[str, Any]) -> str:
    rows = [
        (
            row["attack"],
            f"{row['found']} of {row['clips']}",
            row["exact"],
            f"{row['called_own']} / {row['called_copied']}",
            f"10^{row['weakest_log10_p']:.1f}",
            f"{row['seconds']:.1f}",
        )
        for row in result["rows"]
    ]
    head = ("what was done", "found", "read", "called its own / copied", "weakest p", "seconds to look")
    return (
        f"{title}; {result['clips']} clips, {result['frames']} frames, PSNR at least {result['least_psnr']} dB, "
        f"{result['marking_ms_per_frame']:.0f} ms to mark and code a frame:\n\n" + table(head, rows)
    )


def _other(name: str) -> str:
    """Any other result on marks that has rows: as they are."""
    result = load(name)
    rows = result["rows"]
    head = tuple(dict.fromkeys(key for row in rows for key in row))
    title = name.removeprefix("watermark_").replace("_", " ")
    cells = [tuple(cell(row.get(key)) for key in head) for row in rows]
    return f"## Marks: {title}\n\n{source(result)}\n" + table(tuple(h.replace("_", " ") for h in head), cells)


def _cost() -> str:
    """What marking, finding and identifying cost."""
    result = load("watermark_speed")
    rows = [
        (m["codec"], m["step"], m["pictures"], f"{1000 * m['seconds_per_megapixel']:.0f} ms",
         f"{1000 * m['goal']:.0f} ms" if m["codec"] == "spread" else "")
        for m in result["medians"]
    ]  # fmt: skip
    users = result["identification"]
    large = [
        (r["step"], f"{r['seconds']:.1f} s", f"{r['peak_mb']:.0f} MB", f"{r['picture_mb']:.0f} MB")
        for r in result["100 megapixels"]
    ]
    return (
        f"## What marks cost\n\n{source(result)}\nFor each megapixel, medians over pictures:\n\n"
        + table(("codec", "step", "pictures of", "median", "goal"), rows)
        + f"\nOne of {users['users']:,} users is identified in {users['identify_seconds']:.2f} s, once their code words "
        f"are made ({users['build_seconds']:.1f} s). A picture of 100 megapixels, in a process of its own:\n\n"
        + table(("step", "time", "peak memory", "of it the picture"), large)
    )


COPIED = {
    "watermark_copied": "",
    "watermark_copied_fresh": ", in pictures by which nothing was chosen",
    "watermark_copied_small": ", in small pictures",
}


def _copied(name: str) -> str:
    """Whether a mark that was moved from another picture is told."""
    result = load(name)
    rows = [
        (
            r["row"],
            f"{r['detected']} of {r['pictures']}",
            r["called copied"],
            r["called its own"],
            r["not told"],
        )
        for r in result["rows"]
    ]
    told, copies = result["copies told"], result["copies detected"]
    return (
        f"## Copied marks{COPIED[name]}\n\n{source(result)}\n"
        f"Of {copies} copies that were detected as marks, {told} ({told / max(1, copies):.1%}) were called copied, "
        f"{result['copies called their own']} the picture's own. Own marks called copied: "
        f"{result['own marks called copied']}.\n\n"
        + table(("mark", "detected", "called copied", "called its own", "not told"), rows)
    )


def _both() -> str:
    """Whether one picture carries marks of both codecs."""
    result = load("watermark_both")
    rows = [
        (
            r["carried"],
            r["looked for"],
            f"`{r['attack']}`",
            f"{r['found']} of {r['pictures']}",
            r["read"],
            f"10^{r['median_log10_p']}",
            f"10^{r['weakest_log10_p']}",
            f"{r['median_psnr']} dB",
        )
        for r in result["rows"]
    ]
    head = ("marked by", "looked for", "attack", "found", "read", "median p", "weakest p", "PSNR")
    return f"## Marks of both codecs in one picture\n\n{source(result)}\n" + table(head, rows)


TABLES: dict[str, Callable[[], str]] = {
    **{f"watermark_{name}": partial(_survival, name) for name in SURVIVAL},
    **{f"watermark_false_alarms_{front}": partial(_chance, front) for front in FRONTS},
    **{name: partial(_copied, name) for name in COPIED},
    "watermark_both": _both,
    "watermark_speed": _cost,
    "watermark_video": _clips,
    "watermark_video_chance": _chance_in_clips,
    "watermark_side_by_side": lambda: side_by_side(load("watermark_side_by_side")),
    "watermark_known_payloads": lambda: known_payloads(load("watermark_known_payloads")),
}


def watermarks() -> list[str]:
    """Return a section for whatever has been measured of marks."""
    there = {path.stem for path in RESULTS.glob("watermark_*.json")}
    known = [section() for name, section in TABLES.items() if name in there]
    others = [_other(name) for name in sorted(there - set(TABLES)) if "rows" in load(name)]
    return [*known, *others]
