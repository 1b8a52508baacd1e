"""The page in a browser, opened from disk: what people do with it, and what hostile files cannot do."""

from __future__ import annotations

import csv
import io
import json

from forensics.scan.page.plain import plain

from .samples import HOSTILE
from .visiting import Visit


def test_summary_first_then_a_link_to_its_rows(visit: Visit) -> None:
    page = visit.go()
    assert page.is_visible("#summary")
    assert not page.is_visible("#browse")
    page.click("#counts-state a:text-is('unreadable')")
    assert visit.until("forensicsPage.state.view") == "table"
    assert visit.listed == visit.wanted(lambda row: row.state == "unreadable")


def test_keyboard(visit: Visit) -> None:
    page = visit.go("#view=table")
    press = page.keyboard.press
    active = "forensicsPage.active"
    for keys, place in (("jjj", 3), ("k", 2)):
        for key in keys:
            press(key)
        assert page.evaluate(active) == place
    press("ArrowDown")
    press("x")
    press("Shift+ArrowDown")
    press("Shift+ArrowDown")
    assert page.evaluate("forensicsPage.exportRows()") == [3, 4, 5]
    press(" ")
    assert page.evaluate("forensicsPage.exportRows()") == [3, 4]
    press("n")
    assert page.evaluate("forensicsPage.chosenCount") == 0
    press("Home")
    press("Enter")
    page.wait_for_selector("#panel h2")
    assert page.inner_text("#panel h2") == "IMG_00001.jpg"
    press("j")
    page.wait_for_selector("#panel h2:text-is('IMG_00002.jpg')")
    press("Escape")
    assert not page.is_visible("#panel")
    press("/")
    page.keyboard.type("img_00005j?b")
    assert page.input_value("#search") == "img_00005j?b"
    press("Escape")
    blurred = "document.body.classList.contains('blurred')"
    assert page.evaluate(blurred)
    press("b")
    assert not page.evaluate(blurred)
    press("?")
    assert page.is_visible("#help")
    press("j")
    press("Escape")
    assert not page.is_visible("#help")


def test_detail_tells_the_verdict_first_and_shows_maps(visit: Visit) -> None:
    page = visit.go("#view=table&open=0")
    page.wait_for_selector("#panel .stage")
    text = page.inner_text("#panel")
    order = [
        text.index(word)
        for word in ("Because of number 1.", "First reason", "jpeg.ghost", "LLR +1.25", "SHA256".lower())
    ]
    assert order == sorted(order)
    assert "title 1 componentOf" in text
    assert f"signed by {HOSTILE[0]}" in text
    heat = "document.querySelector('#panel .stage img + img')"
    assert page.evaluate(f"{heat}.naturalWidth") == 24
    assert page.evaluate(f"getComputedStyle({heat}).opacity") == "0.6"
    page.fill("#panel input[type=range]", "25")
    assert page.evaluate(f"getComputedStyle({heat}).opacity") == "0.25"
    page.click("#panel button:has-text('noise: tiles')")
    assert page.inner_text("#panel figcaption >> nth=0").startswith("noise: a/<img")
    page.click("#panel button:has-text('Show this picture')")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#panel .stage .hostile')).filter") == "none"
    )


def test_every_hostile_file_can_be_looked_at(visit: Visit) -> None:
    page = visit.go("#view=table")
    for number in visit.wanted(lambda row: row.id in HOSTILE or row.id == "lists"):
        page.evaluate(f"forensicsPage.state.open = {number}; forensicsPage.showPanel()")
        page.wait_for_selector("#panel h2")
        expected = plain(visit.rows[number].id, 12_000)
        assert page.get_attribute("#panel h2", "title") == expected
        assert (
            page.locator(
                "#panel script, #panel iframe, #panel a, #panel [onerror], #panel [onmouseover]"
            ).count()
            == 0
        )
        for source in page.evaluate("[...document.images].map((image) => image.src)"):
            assert source.startswith(("data:image/jpeg;base64,/9j/", "data:image/png;base64,iVBORw0KGgo"))


def test_exports(visit: Visit) -> None:
    page = visit.go("#view=table")
    chosen = visit.wanted(lambda row: row.id in HOSTILE)
    page.evaluate(
        "(rows) => { rows.forEach((row) => forensicsPage.toggleChosen(row)); }",
        chosen,
    )
    rows = [visit.rows[n] for n in chosen]
    kept = json.loads(visit.export("json"))
    assert [record["id"] for record in kept] == [row.id for row in rows]
    assert [record.get("llr_synthetic", 0.0) for record in kept] == [row.llr_synthetic for row in rows]
    text = visit.export("csv")
    assert text.startswith("\ufeffid,source,")
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line["id"].removeprefix("'") == plain(row.id, 12_000)
        assert float(line["llr_altered"]) == row.llr_altered
        free = [line[key] for key in ("id", "source", "signer", "because", "generator")]
        assert not [one for one in free if one.lstrip().startswith(("=", "+", "-", "@"))]
    names = visit.export("ids").split("\n")
    assert len(names) == len(rows) + 1
    for name, row in zip(names, rows, strict=False):
        assert name in (row.id, plain(row.id, 12_000))


def test_a_policy_stands_behind_the_care(visit: Visit) -> None:
    """What the code never does would be refused as well."""
    page = visit.go()
    tries = """(async () => {
        const refused = [];
        for (const attempt of [
            () => { document.body.innerHTML = '<b>x</b>'; },
            () => { document.createElement('script').src = 'data/rows-00000.js'; },
            () => trustedTypes.createPolicy('another', {}),
        ]) try { attempt(); } catch { refused.push(1); }
        await new Promise((resolve) => setTimeout(() => {
            try { eval('1'); } catch { refused.push(1); }
            resolve();
        }));
        await fetch('https://example.org/').catch(() => refused.push(1));
        return refused.length;
    })()"""
    assert page.evaluate(tries) == 5
    visit.wrong.clear()
    visit.asked.clear()
