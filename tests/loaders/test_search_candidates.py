"""Names are folded, and spelled in one way, by functions of the database."""

import asyncpg
import pytest

from mediacanon.loaders.search_candidates import Group, arguments

FOLDED = {
    "The Garden's Növember & Co.": "the gardens november co",
    "S.W.A.T.": "s w a t",
    "ﬁne\u200b ﬁlm\u00ad": "fine film",
    "8½": "81 2",
    "İstanbul Kırmızısı": "istanbul kirmizisi",
    "Ψυχή ς": "ψυχη σ",
    "אָבִיב": "אביב",
    "أُمِّي": "امي",
    "مکتب فارسی": "مكتب فارسي",
    "सिनेमा": "सिनेमा",
    "千と千尋の神隠し": "千 と 千 尋 の 神 隠 し",
    "ガメラ": "カ メ ラ",
    "AKIRAアキラ": "akira ア キ ラ",
    "???": "???",
}
KEYS = {
    "The Godfather: Part II": "godfather2",
    "godfather two": "godfather2",
    "Kill Bill: Vol. 2": "killbill2",
    "Rocky V": "rocky5",
    "Star Wars: Episode V - The Empire": "starwarsepisode5theempire",
    "V for Vendetta": "vforvendetta",
    "X-Men": "xmen",
    "M*A*S*H": "mash",
    "9-1-1": "911",
    "Ocean's Eleven": "oceans11",
    "The Third Man": "3rdman",
    "Fast & Furious": "fastfurious",
    "Tom et Jerry": "tomjerry",
    "La La Land": "lalaland",
    "The": "the",
    "And": "and",
    "Part": "part",
}


@pytest.mark.parametrize("name", FOLDED)
async def test_names_are_folded(pool: asyncpg.Pool, name: str):
    """Without accents, marks and what is not seen; letters of unspaced scripts apart. Folding twice changes nothing."""
    folded = await pool.fetchval("SELECT fold($1)", name)
    assert folded.strip() == FOLDED[name]
    assert await pool.fetchval("SELECT fold($1)", folded) == folded


@pytest.mark.parametrize("name", KEYS)
async def test_spellings_have_one_key(pool: asyncpg.Pool, name: str):
    """As a folded name, and as search_names has it, with spaces around."""
    assert await pool.fetchval("SELECT name_key(fold($1))", name) == KEYS[name]
    assert await pool.fetchval("SELECT name_key(' ' || fold($1) || ' ')", name) == KEYS[name]


async def test_spellings_of_words_one_mistake_apart_meet(pool: asyncpg.Pool):
    """A letter too many, too few, a wrong one, and two exchanged; two mistakes do not."""
    near = "SELECT spellings($1) && spellings($2)"
    for other in ("aliens", "alen", "alion", "alein", "alien"):
        assert await pool.fetchval(near, "alien", other), other
    assert not await pool.fetchval(near, "alien", "alloy")


@pytest.mark.parametrize(
    ("words", "looked_up"),
    [
        (["quiet", "a"], ["%quiet%", "%", "%"]),
        (["no", "a"], ["% no%", "% a%", "%"]),
        (["神 隠"], ["% 神 隠%", "%", "%"]),
        (["ประภาคาร"], ["%ประภาคาร%", "%", "%"]),
        (["กข"], ["% กข%", "%", "%"]),
        (["100%_orchard"], []),
        (["🎀", "a🎀b🎀c"], []),
    ],
)
def test_patterns_have_letters_in_a_row(words: list[str], looked_up: list[str]):
    """A pattern without three of them, or the beginning of a word, reads the whole index: such words are not looked up."""
    assert Group(words, is_known=True).looked_up == looked_up
    assert len(arguments([Group(words, is_known=True)], [], [])[0]) == bool(looked_up)
