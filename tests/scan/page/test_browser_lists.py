"""Filters, orders and views of the page in a browser, one by one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forensics.scan.page.plain import plain
from forensics.scan.row import ScanRow

from .samples import HOSTILE
from .visiting import Visit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("hash", "holds"),
    [
        ("verdict=captured,likely_altered", lambda r: r.verdict in ("captured", "likely_altered")),
        ("verdict=~", lambda r: r.verdict == ""),
        ("state=ok&format=png", lambda r: r.state == "ok" and r.format == "png"),
        (
            "credentials=trusted&source=source-1",
            lambda r: r.credential_state == "trusted" and r.source == "source-1",
        ),
        ("contradictions=exif_and_iptc", lambda r: "exif_and_iptc" in r.contradictions),
        ("lists=known", lambda r: any(m.list == "known" for m in r.matches)),
        ("llr_synthetic=0.5..2", lambda r: bool(r.verdict) and 0.5 <= r.llr_synthetic <= 2),
        ("llr_altered=..-1", lambda r: bool(r.verdict) and r.llr_altered <= -1),
        ("q=img_0001", lambda r: "img_0001" in plain(r.id).lower()),
        ("q=ACME", lambda r: "acme" in r.signer.lower()),
        ("reason=truncated&findings=~", lambda r: r.reason == "truncated"),
        ("traits=has%20near-duplicates", lambda r: bool(r.cluster)),
        ("verdict=%zz&llr_synthetic=x..y&open=999999&sort=evil&view=constructor&toString=1", lambda r: True),
    ],
)
def test_filters(visit: Visit, hash: str, holds: Callable[[ScanRow], bool]) -> None:
    visit.go(f"#view=table&{hash}")
    visit.until(
        "!forensicsPage.needsTexts() || document.querySelector('#count').textContent.includes(' of ')"
    )
    assert visit.listed == visit.wanted(holds)


def test_hostile_names_are_filters_as_well(visit: Visit) -> None:
    page = visit.go("#view=table")
    choose = """(name) => {
        forensicsPage.clearFilters();
        forensicsPage.state.facets.set('source', new Set([name]));
        forensicsPage.changed();
        return location.hash;
    }"""
    for text in map(plain, HOSTILE):
        wanted = [n for n, row in enumerate(visit.rows) if plain(row.source) == text]
        hash = page.evaluate(choose, text)
        assert visit.listed == wanted
        page.evaluate("forensicsPage.clearFilters()")
        page.evaluate("(hash) => { location.hash = hash; }", hash)
        visit.until(f"forensicsPage.state.facets.get('source')?.has({json.dumps(text)})")
        assert visit.listed == wanted


def test_facets_count_under_the_other_filters(visit: Visit) -> None:
    page = visit.go("#view=table")
    page.click("[data-facet=state] label:has-text('unreadable')")
    page.click("[data-facet=verdict] label:has-text('(no verdict)')")
    assert page.evaluate("location.hash") == "#view=table&state=unreadable&verdict=~"
    many = len(visit.wanted(lambda row: row.state == "unreadable"))
    assert page.inner_text("[data-facet=state] label:has-text('unreadable') .many") == str(many)
    assert page.inner_text("[data-facet=state] label:has(.name:text-is('ok')) .many") == "0"
    page.click("#chips button:has-text('Clear all')")
    assert len(visit.listed) == len(visit.rows)


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("llr_altered", lambda r: (not r.verdict, r.llr_altered)),
        ("-llr_synthetic", lambda r: (not r.verdict, -r.llr_synthetic)),
        ("-modified", lambda r: -r.modified),
        ("format", lambda r: plain(r.format).encode("utf-16-be")),
        ("id", lambda r: plain(r.id).encode("utf-16-be")),
    ],
)
def test_sorts(visit: Visit, sort: str, key: Callable[[ScanRow], Any]) -> None:
    visit.go(f"#view=table&sort={sort}")
    visit.until("document.querySelector('#count').textContent.includes(' of ')")
    assert visit.listed == sorted(range(len(visit.rows)), key=lambda n: key(visit.rows[n]))


def test_a_filter_in_the_address_hides_no_choice(visit: Visit) -> None:
    page = visit.go("#view=table&state=unreadable")
    names = page.locator("[data-facet=format] .name")
    narrowed = names.all_text_contents()
    page.click("#chips button")
    assert names.all_text_contents() == narrowed
    assert {"jpeg", "png"} < set(narrowed)


def test_the_page_itself_never_scrolls_under_the_list(visit: Visit) -> None:
    page = visit.go("#view=table&open=0")
    page.wait_for_selector("#panel h2")
    page.evaluate("document.querySelector('#panel section:last-child').scrollIntoView()")
    assert page.evaluate("[scrollY, document.documentElement.scrollHeight - innerHeight]") == [0, 0]


def test_only_what_is_on_screen_is_in_the_document(visit: Visit) -> None:
    page = visit.go("#view=table")
    assert 10 < page.locator("#table .canvas .row").count() < 40
    page.keyboard.press("End")
    last = page.locator("#table .row.active")
    last.wait_for()
    assert last.get_attribute("aria-rowindex") == str(len(visit.rows) + 1)
    assert page.locator("#table .canvas .row").count() < 40
    page.keyboard.press("3")
    page.wait_for_selector("#gallery .tile")
    assert page.locator("#gallery .tile").count() < 80


def test_a_million_rows_can_be_walked(visit: Visit) -> None:
    """Browsers draw no element of 52 million pixels: the list is scaled, and every row can be reached."""
    page = visit.go("#view=table")
    page.evaluate("forensicsPage.results.rows = new Uint32Array(1_000_000)")
    for place in (999_999, 999_998, 500_000, 500_001, 499_980, 3, 0):
        page.evaluate(f"forensicsPage.go({place})")
        seen = page.evaluate("""(() => {
            const row = document.querySelector('#table .row.active');
            const list = document.querySelector('#table .port');
            const [own, all] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
            const seen = own.top >= all.top + 33 && own.bottom <= all.bottom + 1;
            return [row.ariaRowIndex, seen, list.scrollHeight];
        })()""")
        assert seen[:2] == [str(place + 2), True]
        assert seen[2] < 10_000_000


def test_gallery_moves_in_two_directions(visit: Visit) -> None:
    page = visit.go("#view=gallery")
    page.wait_for_selector("#gallery img.hostile")
    page.focus("#gallery .port")
    across = page.evaluate("forensicsPage.list().across")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("forensicsPage.active") == across + 1
    assert page.get_attribute("#gallery .port", "aria-activedescendant") == f"tile-{across + 1}"
    assert page.evaluate("getComputedStyle(document.querySelector('img.hostile')).filter").startswith("blur")


def test_a_row_without_details_is_shown_whole(visit: Visit) -> None:
    (number,) = visit.wanted(lambda row: row.id.endswith("IMG_00040.jpg"))
    page = visit.go(f"#view=table&open={number}")
    page.wait_for_selector("#panel h2")
    text = page.inner_text("#panel")
    for word in ("noise.flat", "Acme Cameras", f"{40:064x}", "open 0.010 s", "NEAR-DUPLICATES"):
        assert word in text
    page.click("#panel button:has-text('List all')")
    name = visit.rows[number].cluster
    assert visit.listed == visit.wanted(lambda row: row.cluster == name)


def test_all_that_is_listed_is_exported_where_nothing_is_selected(visit: Visit) -> None:
    visit.go("#view=table&state=unreadable")
    lines = visit.export("ids").splitlines()
    assert lines == [row.id for row in visit.rows if row.state == "unreadable"]


def test_print_and_no_script_show_the_summary(visit: Visit, browser: Any) -> None:
    page = visit.go("#view=table")
    page.emulate_media(media="print")
    assert page.is_visible("#summary")
    assert not page.is_visible("#browse")
    page.emulate_media(media="screen")
    context = browser.new_context(java_script_enabled=False)
    plain_page = context.new_page()
    plain_page.goto(visit.address)
    assert plain_page.is_visible("noscript")
    assert plain_page.is_visible("#counts-verdict")
    assert not plain_page.is_visible("#views")
    context.close()


def test_everything_has_a_name_for_a_screen_reader(visit: Visit) -> None:
    page = visit.go("#view=table&open=0")
    page.wait_for_selector("#panel h2")
    nameless = """[...document.querySelectorAll('button, input, select, [role=grid], summary')]
        .filter((one) => one.checkVisibility())
        .filter((one) => !(one.ariaLabel || one.innerText?.trim() || one.labels?.length))
        .map((one) => one.outerHTML)"""
    assert page.evaluate(nameless) == []
    assert page.get_attribute("#table .port", "aria-rowcount") == str(len(visit.rows) + 1)
    assert page.locator("#table [aria-selected]").count() == page.locator("#table .canvas .row").count()


def test_missing_data_is_told(browser: Any, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "data" / "index-00000.js").unlink()
    context = browser.new_context()
    page = context.new_page()
    page.goto((copy / "index.html").as_uri() + "#view=table")
    page.wait_for_selector("#count:has-text('data/index-00000.js cannot be read')")
    context.close()
