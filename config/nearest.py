"""What a person may have meant by a word that is not known, and what was expected instead."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

NEAR_MAX = 3
LISTED_MAX = 20


def nearest(found: str, known: Iterable[str]) -> list[str]:
    """The known words that are spelled most like it, whatever their case and punctuation; the best first."""
    spelled: dict[str, str] = {}
    for name in known:
        spelled.setdefault(_plain(name), name)
    word = _plain(found)
    if word in spelled:
        return [spelled[word]]
    close = get_close_matches(word, spelled, NEAR_MAX, cutoff=0.7)
    begins = sorted((each for each in spelled if word and each.startswith(word)), key=len)
    return [spelled[each] for each in dict.fromkeys((*close, *begins))][:NEAR_MAX]


def expected(found: str, known: Iterable[str]) -> str:
    """`expected one of A, B, C, found 'Bee'; did you mean B?`"""
    names = list(known)
    more = f" and {len(names) - LISTED_MAX:,} more" if len(names) > LISTED_MAX else ""
    near = nearest(found, names)
    advice = f"; did you mean {' or '.join(near)}?" if near else ""
    one = "one of " if len(names) > 1 else ""
    return f"expected {one}{', '.join(names[:LISTED_MAX])}{more}, found {found!r:.80}{advice}"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
