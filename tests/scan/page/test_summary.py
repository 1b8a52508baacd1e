"""The summary counts right, reads without the script, and holds no markup of anybody else."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from forensics.scan.page import counts, write_page
from forensics.scan.page.charts import Bar, histogram, over_time, stacked
from forensics.scan.page.counts import BINS, LOWEST, OTHERS, WIDTH, Tally
from forensics.scan.page.plain import plain
from forensics.scan.page.summary import link
from forensics.scan.row import State

from .samples import HOSTILE, Source, row, unreadable, whole

PROPERTIES = {"script", "style", "img", "iframe", "object", "embed", "base", "form", "link", "meta"}


class Elements(HTMLParser):
    """Collects elements with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_page(whole(), tmp_path_factory.mktemp("page") / "out").read_text(encoding="utf-8")


def test_nothing_of_a_file_became_an_element_or_a_handler(index: str) -> None:
    parsed = Elements(index)
    (nonce,) = {a["nonce"] for tag, a in parsed.found if tag == "script"}
    assert nonce is not None
    for tag, attributes in parsed.found:
        assert not [key for key in attributes if key.startswith("on") or key == "style"], (tag, attributes)
        if tag == "script":
            assert re.fullmatch(r"(app|data)/[a-z]+\.js", attributes["src"] or "")
        if tag == "link":
            assert attributes["nonce"] == nonce
            assert re.fullmatch(r"app/[a-z]+\.css", attributes["href"] or "")
        if tag == "a":
            assert (attributes["href"] or "").startswith("#view=table")
        if tag == "form":
            assert attributes == {"method": "dialog"}
        assert tag not in PROPERTIES - {"script", "link", "meta", "form"}


def test_the_policy_allows_only_what_the_page_wrote(index: str) -> None:
    metas = [a for tag, a in Elements(index).found if tag == "meta" and "http-equiv" in a]
    (policy,) = [a["content"] for a in metas]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"unsafe|https?:|\*|'self'|blob:", policy)
    assert set(re.findall(r"'nonce-([^']+)'", policy)) == set(re.findall(r'nonce="([^"]+)"', index))


def test_every_page_has_a_nonce_of_its_own(tmp_path: Path) -> None:
    pages = [write_page(Source([]), tmp_path / name).read_text() for name in "ab"]
    first, second = (re.findall(r"'nonce-([^']+)'", page)[0] for page in pages)
    assert first != second
    assert len(first) >= 32


def test_hidden_characters_are_written_out(index: str) -> None:
    assert not re.search("[\u202a-\u202e\u2028\u2029\x00-\x09\x0b-\x1f]", index)
    assert "d/\\u202egpj.exe" in "".join(Elements(index).text)


def test_the_counts_stand_in_the_page(tmp_path: Path) -> None:
    rows = [row(n) for n in range(1, 200)] + [unreadable(n) for n in range(30)]
    page = write_page(Source(rows), tmp_path / "page").read_text(encoding="utf-8")
    table = re.search(r'id="counts-verdict">(.*?)</table>', page, re.DOTALL)
    assert table is not None
    shown = dict(re.findall(r">([a-z() ]+)</a></th><td class=\"num\">([\d,]+)<", table[1]))
    wanted = Counter(one.verdict.replace("_", " ") or "(no verdict)" for one in rows)
    assert shown == {name: f"{count:,}" for name, count in wanted.items()}
    assert "<noscript>" in page
    assert "<b>229</b><span>files</span>" in page


def test_an_empty_scan_has_a_page(tmp_path: Path) -> None:
    page = write_page(Source([]), tmp_path / "page").read_text(encoding="utf-8")
    assert "<b>0</b><span>files</span>" in page


def test_tally_counts_as_a_plain_loop_does() -> None:
    rows = [row(n) for n in range(300)] + [unreadable(1)]
    tally = Tally()
    for one in rows:
        tally.add(one)
    assert tally.counts["contradictions"] == Counter(name for one in rows for name in one.contradictions)
    assert tally.counts["state"] == {State.OK: 300, State.UNREADABLE: 1}
    assert sum(tally.days.values()) == 300
    assert tally.sources["source-0", ""] == 1
    wanted = [0] * BINS
    for one in rows[:300]:
        wanted[
            next(n for n in reversed(range(BINS)) if n == 0 or one.llr_synthetic >= LOWEST + n * WIDTH)
        ] += 1
    assert tally.scores["synthetic"] == wanted
    assert tally.steps["open"] == (pytest.approx(3.0), 300)


def test_tables_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST_NAMES", 10)
    tally = Tally()
    for n in range(50):
        tally.add(row(n, source=f"s{n}", modified=[-1e9, 1e17, 1.7e9][n % 3]))
    assert len(tally.counts["source"]) == 11
    assert tally.counts["source"][OTHERS] == 40
    assert sum(count for (source, _), count in tally.sources.items() if source == OTHERS) == 40
    assert sum(tally.days.values()) == 16


@pytest.mark.parametrize("name", ["", "~", "a b,c&d=e#f", *HOSTILE], ids=range(3 + len(HOSTILE)))
def test_links_hold_a_name_as_the_script_reads_it(name: str) -> None:
    name = plain(name)
    body = link("source", name).removeprefix("#view=table&source=")
    assert re.fullmatch(r"[A-Za-z0-9_.%~-]+", body)
    assert ("" if body == "~" else unquote(body)) == name


def heights(svg: str) -> list[float]:
    return [float(found) for found in re.findall(r'<rect [^>]*height="([\d.]+)"', svg)]


def test_bars_are_as_high_as_their_counts() -> None:
    svg = stacked("title", [Bar("one", {"v-captured": 10, "v-altered": 30}), Bar("two", {"v-altered": 20})])
    assert heights(svg) == pytest.approx([h * heights(svg)[0] / 10 for h in (10, 30, 20)], rel=0.02)
    assert stacked("title", [Bar("none", {})]) == ""


def test_drawings_escape_names() -> None:
    svg = stacked("<b>", [Bar('"><script>', {"x": 1}, "</svg>")])
    assert "<b>" not in svg
    assert "<script" not in svg
    assert svg.count("</svg>") == 1


def test_a_histogram_shows_every_row() -> None:
    bins = [0] * BINS
    bins[0], bins[20], bins[-1] = 4, 8, 12
    assert sorted(heights(histogram("t", bins, 2.0)))[-3:] == pytest.approx(
        [h / 12 * max(heights(histogram("t", bins))) for h in (4, 8, 12)], rel=0.02
    )
    assert 'class="score strong"' in histogram("t", bins, 2.0)
    assert histogram("t", [0] * BINS) == ""


@pytest.mark.parametrize("last", [0, 1, 40, 400, 4000, 40_000])
def test_any_span_of_time_is_a_few_bars(last: int) -> None:
    svg = over_time("t", {(10_000, "captured"): 2, (10_000 + last, "altered"): 2})
    drawn = [h for h in heights(svg) if h]
    assert len(drawn) == (1 if last == 0 else 2) or last == 0
    assert 1 <= svg.count("<g>") <= 61
