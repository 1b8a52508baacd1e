from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import UsageError
from forensics.watermark.attacks import ATTACKS, Attack, Operation, Parameter, Step, parse_attack


def values(parameter: Parameter) -> st.SearchStrategy[float | str]:
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.step:
        last = int((parameter.high - parameter.low) // parameter.step)
        return st.integers(0, last).map(lambda i: parameter.low + i * parameter.step)
    return st.floats(parameter.low, parameter.high)


def steps(operation: Operation) -> st.SearchStrategy[Step]:
    return st.tuples(*map(values, operation.parameters)).map(lambda drawn: Step(operation, drawn))


ANY = st.lists(st.sampled_from(list(ATTACKS)).flatmap(steps), min_size=1, max_size=4).map(
    lambda drawn: Attack(tuple(drawn))
)


@given(ANY)
def test_text_of_an_attack_parses_to_it(attack: Attack) -> None:
    assert parse_attack(str(attack)) == attack
    assert str(parse_attack(str(attack))) == str(attack)


@given(st.text(max_size=40))
def test_any_text_is_an_attack_or_a_usage_error(text: str) -> None:
    try:
        attack = parse_attack(text)
    except UsageError:
        return
    assert parse_attack(str(attack)) == attack


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("jpeg:50", "jpeg:50"),
        ("jpeg", "jpeg:75"),
        (" jpeg : 50 , chroma = 444 ", "jpeg:50,chroma=444"),
        ("jpeg:50,444", "jpeg:50,chroma=444"),
        ("jpeg:chroma=422", "jpeg:75,chroma=422"),
        ("jpeg:50,chroma=420", "jpeg:50"),
        ("resize:.5", "resize:0.5"),
        ("crop:0.5+resize:1.41+jpeg:70", "crop:0.5+resize:1.41+jpeg:70"),
        ("rotate:-15", "rotate:-15"),
        ("flip", "flip:horizontal"),
        ("none", "none"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert str(parse_attack(text)) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a name is missing"),
        ("jpeg:50+", "a name is missing"),
        ("jpge:50", "no attack is called 'jpge'; did you mean 'jpeg'.* there are: aspect, .*white_balance"),
        ("jpeg:0", "'jpeg:0': quality is 1 to 100, whole, not '0'"),
        ("jpeg:50.5", "quality is 1 to 100, whole"),
        ("jpeg:high", "quality is 1 to 100, whole, not 'high'"),
        ("jpeg:", "quality is 1 to 100, whole, not ''"),
        ("jpeg:nan", "quality is 1 to 100"),
        ("jpeg:50,chroma=411", r"chroma is 420\|422\|444, not '411'"),
        ("jpeg:50,speed=3", "no parameter 'speed'.*written jpeg:QUALITY,chroma=420"),
        ("jpeg:50,420,7", "'7' is one value too many"),
        ("jpeg:50,quality=60", "quality is given twice"),
        ("none:1", "'1' is one value too many.*no parameters"),
        ("median:4", "size is 1 to 31, in steps of 2, not '4'"),
        ("crop:inf", "share is 0.01 to 1, not 'inf'"),
        ("+".join(["none"] * 17), "1 to 16 steps, not 17"),
    ],
)
def test_mistakes_are_explained(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_attack(text)


def test_usage_names_the_parameters() -> None:
    crop = ATTACKS.get("crop")
    assert crop.usage == "crop:SHARE,place=centre"
    assert crop.ranges == "share 0.01 to 1; place centre|random"
    assert ATTACKS.get("grey").usage == "grey"
