"""The part of docs/benchmarks.md that says whose decoder drew a picture, and who can change that."""

from __future__ import annotations

from typing import Any

from render_tables import RESULTS, load, source, table

__all__ = ["holders"]

Row = dict[str, Any]


def holders() -> list[str]:
    """Return the sections of which there are results."""
    made = {"decoder_identification": _whose, "decoder_removal": _removal}
    return [section(load(name)) for name, section in made.items() if (RESULTS / f"{name}.json").is_file()]


def _whose(result: Row) -> str:
    return (
        f"## Whose decoder drew it\n\n{source(result)}\n"
        f"[Decoders that sign](signed_decoders.md): of {result['holders']} holders, {result['decoders']} have a decoder "
        "and draw photos that no training saw. Named: by `forensics watermark identify --issued`, at one false "
        f"alarm in a million for detection and for all holders together. Intervals are Wilson's, of 95 %.\n\n"
        + _named(result["whose"])
        + "\nWith a list of the holders of these decoders alone, each of their marks is looked for where nobody is named "
        "otherwise (`--thorough`), each way at half of the rate:\n\n"
        + _thorough(result["thorough"]["64 px"])
        + f"\nOf {result['thorough']['strangers_named']['of']} pictures by somebody who is not on that list, "
        f"`--thorough` gives {result['thorough']['strangers_named']['count']} to somebody. Processor time of looking for "
        f"so many marks in a photo of 128 pixels: {_cost(result['thorough']['cost'])}.\n\n"
        "False names: how often anybody is named of pictures that nobody on the list signed, at most so often as the "
        "rate says. Strangers: holders of decoders under the same key who are on none of several lists of 1,000. Read "
        "anyway: the bits of unmarked photos where they fit a fresh key best, whether or not a mark was found. "
        "Searched: detection and comparison as a whole. Looked for: the presence of any of 24 known marks of a "
        "fresh key in an unmarked photo.\n\n"
        + _false(result)
        + "\n"
        + _bits(result["bits"])
        + "\nHow many bits have to be right, by the binomial distribution: for one message, and, at one in a million, for "
        "any of so many holders. A dash: not even all would do.\n\n"
        + _thresholds(result["thresholds"])
        + "\nConspiracies: holders average their pictures of the same latents, or draw with the mean of their tiles. "
        f"How many of the pictures accuse one of them, and how many somebody else of the {result['holders']}:\n\n"
        + _conspiracy(result["conspiracy"])
    )


def _share(row: Row) -> str:
    low, high = row["interval"]
    return f"{100 * row['share']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def _named(sides: dict[str, list[Row]]) -> str:
    cells = [
        (
            side, f"`{row['attack']}`", row["named"]["of"], row["detected"], row["read"], row["fits_best"],
            _share(row["named"]), row["named_wrong"],
        )
        for side, rows in sides.items()
        for row in rows
    ]  # fmt: skip
    head = ("side", "attack", "pictures", "found", "read", "holder fits best", "named right", "named wrong")
    return table(head, cells)


def _thorough(rows: list[Row]) -> str:
    keys = ("pictures", "named_without", "named", "named_wrong")
    cells = [("64 px", f"`{row['attack']}`", *(row[key] for key in keys)) for row in rows]
    return table(("side", "attack", "pictures", "named without", "with `--thorough`", "named wrong"), cells)


def _cost(rows: list[Row]) -> str:
    named = (f"{row['seconds']} s for {row['marks'] or 'those of any holder, without it'}" for row in rows)
    return ", ".join(named)


def _false(result: Row) -> str:
    kinds = {
        "strangers": result["strangers"],
        "unmarked, read anyway": result["nobody"]["read_anyway"],
        "unmarked, searched": result["nobody"]["searched"],
        "unmarked, looked for": result["thorough"]["by_chance"],
    }
    cells = [
        (name, f"{row['rate']:g}", f"{row['count']} of {row['of']}", f"{row['share']:.5f}", _bounds(row))
        for name, rows in kinds.items()
        for row in rows
    ]
    return table(("pictures", "rate", "named", "share", "interval"), cells)


def _bounds(row: Row) -> str:
    low, high = row["interval"]
    return f"{low:.5f} to {high:.5f}"


def _bits(bits: Row) -> str:
    least = min(bits["p_of_each_picture"])
    return (
        f"Bits of unmarked pictures: {bits['pictures']} photos under {bits['keys']} fresh keys each, {bits['bits']} bits "
        f"where the key fits best. Right bits: mean {bits['mean']} and variance {bits['variance']}, where chance has "
        f"{bits['expected'][0]:g} and {bits['expected'][1]:g}; at most {bits['most']}. The p-value of a chi-square test "
        f"against the binomial distribution is {bits['p_chi_square']} (the least of any photo {least}). The largest "
        f"correlation of two bits is {bits['largest_correlation']}; of fair bits it would be "
        f"{bits['by_chance_median']} in half of all tables so large, and up to {bits['by_chance_19_of_20']} in 19 of 20. "
        f"The most one-sided bit says the same in {100 * bits['most_one_sided_bit']:.1f} % of them.\n"
    )


def _thresholds(rows: list[Row]) -> str:
    keys = [key for key in rows[0] if key != "bits"]
    names = [key if key.endswith("holders") else f"{float(key):g}" for key in keys]
    cells = [(row["bits"], *("-" if row[key] is None else row[key] for key in keys)) for row in rows]
    return table(("bits", *names), cells)


def _conspiracy(rows: list[Row]) -> str:
    rates = [key.removeprefix("guilty at ") for key in rows[0] if key.startswith("guilty at ")]
    cells = [
        (
            row["holders"], row["mean_of"], row["pictures"], row["detected"], row["read"], row["fits_best"],
            *(row[f"{who} at {rate}"] for rate in rates for who in ("guilty", "innocent")),
        )
        for row in rows
    ]  # fmt: skip
    accused = tuple(f"{who}, {rate}" for rate in rates for who in ("guilty", "innocent"))
    head = ("holders", "mean of", "pictures", "found", "read", "a guilty one fits best", *accused)
    return table(head, cells)


def _removal(result: Row) -> str:
    return (
        f"## Taking the mark of a decoder off, and putting it on\n\n{source(result)}\n"
        "What [whoever holds a decoder](signed_decoders.md#what-a-holder-can-do) can do: PSNR to what the decoder "
        "draws that does not sign.\n\n"
        + _holder(result["holder"])
        + "\nWhat [an outsider](signed_decoders.md#what-an-outsider-can-do) can do, who has nothing but pictures of one "
        "holder: the mean tile of some of them, times a factor, is subtracted from other pictures of that holder, and "
        "added to photos. PSNR to the picture before. Of all pictures averaged, the estimate is like the tile of the "
        f"decoder with a correlation of {result['likeness_of_the_estimate']}; the decoder gives each frequency its own "
        "weight.\n\n" + _outsider(result["outsider"])
    )


def _holder(ways: dict[str, Row]) -> str:
    cells = [
        (name, f"{row['detected']} of {row['pictures']}", row["median_log10_p"], row["psnr"] or "")
        for name, row in ways.items()
    ]
    return table(("drawn by", "found", "median log10 p", "PSNR, dB"), cells)


def _outsider(rows: list[Row]) -> str:
    cells = [
        (
            row["averaged"], f"{row['gain']:g}",
            f"{row['removal']['detected']} of {row['removal']['pictures']}", row["removal"]["psnr"],
            f"{row['forgery']['says_the_holder']} of {row['forgery']['pictures']}", row["forgery"]["psnr"],
        )
        for row in rows
    ]  # fmt: skip
    head = (
        "pictures averaged",
        "factor",
        "still found",
        "PSNR, dB",
        "photos that say the holder",
        "PSNR, dB",
    )
    return table(head, cells)
