"""Slugs and case folding."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.text import fold, order_key, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C", "c"),
        ("C++", "cplusplus"),
        ("C#", "csharp"),
        (".NET", "dotnet"),
        ("机器学习", "机器学习"),
        ("000_a1e971cc52df9b4c", "000-a1e971cc52df9b4c"),
        ("  Élan — vital! ", "elan-vital"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Smørbrød", "smorbrod"),
        ("Cœur d'Ærø", "coeur-d-aero"),
        ("İstanbul Kadıköy", "istanbul-kadikoy"),
        ("край", "край"),
        ("краи", "краи"),
        ("Їжак, Ёлка, ЌЕРКА, ѓ, ў", "їжак-ёлка-ќерка-ѓ-ў"),
        ("за\u0301мок и\u0306\u0301", "замок-й"),
        ("Ελλάδα", "ελλαδα"),
        ("con\u00adtent\u200b a\u200db", "content-ab"),
        ("-a-", "a"),
        ("हिंदी", "हिंदी"),
        ("한국", "한국"),
        ("Node.js", "node-js"),
        ("❤️", ""),
        ("...", ""),
    ],
)
def test_slugs_of_different_names_differ(text: str, expected: str) -> None:
    """Distinguishing signs are spelled out, and words of every script stay."""
    assert slug(text) == expected


@given(st.text())
def test_slug_is_idempotent(text: str) -> None:
    """A slug is its own slug, and contains no path separator."""
    found = slug(text)
    assert slug(found) == found
    assert not set(found) & set("/?#%. _+")
    assert "--" not in found
    assert found == found.strip("-")


def test_folding_ignores_case_and_accents() -> None:
    """Words match without their accents."""
    assert fold("ÉLAN Straße Łódź Smørbrød Cœur") == fold("elan strasse lodz smorbrod coeur")
    assert fold("Ёлка, край") == fold("елка, краи")


def test_folding_ignores_invisible_characters() -> None:
    """Soft hyphens, joiners, direction marks and variation selectors are ignored."""
    assert fold("con\u00adtent\u200b \u2060a\u200c\u200db\u200e ❤\ufe0f 葛\U000e0100") == "content ab ❤ 葛"


@given(st.text())
def test_folding_is_idempotent(text: str) -> None:
    """Folded text equals its folding."""
    assert fold(fold(text)) == fold(text)


EVERY = [each for each in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(each)[0] != "C"]
LATIN = [each for each in EVERY if each.isalpha() and unicodedata.name(each, "").startswith("LATIN ")]


def test_every_character_folds_and_slugs_idempotently() -> None:
    """This holds for the interpreter's Unicode tables."""
    folded, slugs = {fold(each) for each in EVERY}, {slug(each) for each in EVERY}
    assert [each for each in folded if fold(each) != each] == []
    assert [each for each in slugs if slug(each) != each or each != each.strip("-")] == []


STAY = (
    "ƅƍƛƨƪƹƺƻƽƾƿǀǁǂǃȝɂɐɑɒɘɜɝɞɣɤɥɧɩɮɯɰɷɸɹɺɻɿʁʃʅʆʇʊʌʍʎʒʓʔʕʖʗʘʚʞʡʢʤʧ"
    "ʩʬʭʮʯᴂᴈᴉᴎᴑᴒᴓᴔᴖᴗᴙᴚᴝᴞᴟᴣᴤᴥᵷᵼᵿᶋᶐᶔᶘᶚẜẝẟỻỽↄⱶⱷⱹꜣꜥꜧꜫꜭꜯꜿꝇꝛꝝꝣꝩꝯꝱꝲꝳꝴꝵꝶꝷ"
    "ꝿꞁꞌꞏꞛꞝꞟꞵꞷꞻꞽꞿꟁꟃꟑꟓꟕꟗꟙꟶꟷꟺꟻꟼꟽꟾꟿꬰꬱꬲꬵꬽꬾꭀꭁꭂꭃꭄꭅꭇꭈꭊꭍꭑꭓꭔꭕꭠꭡꭤꭨ𝼀𝼁𝼂𝼃𝼅𝼆𝼇𝼈𝼊"
    "𝼋𝼌𝼍𝼎𝼏𝼐𝼒𝼕𝼗𝼘𝼙𝼜"
)
"""Letters of phonetics, manuscripts and tones, which have no ASCII equivalent."""
NEWER = "\ua7cb-\ua7cf\ua7d2\ua7d4\ua7da-\ua7dc\U0001df25-\U0001df2a"
"""Letters of Unicode 15 and later, which some interpreters lack."""


def test_latin_letters_fold_to_ascii() -> None:
    """A letter without a decomposition folds to the letters in its name. The exceptions are listed."""
    folded = {each: fold(each) for each in LATIN if not re.match(f"[{NEWER}]", each)}
    assert "".join(each for each, found in folded.items() if found == each and not each.isascii()) == STAY
    left = {character for found in folded.values() for character in found if not character.isascii()}
    assert left == {*STAY.casefold(), *"ʼʾ·"}
    assert not {*"ßłøđæœıþðħŋəɛɔĸŧƀƒɓɗƙƴ"} & {*STAY}


def test_order_keys() -> None:
    """They have no outer white space, case and accents, and a limited length, also of letters that fold to two."""
    assert order_key(" \u2003Łódź ") == "lodz"
    assert order_key("ß" * 300) == "s" * 200
