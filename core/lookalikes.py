"""Signs that look like others, and signs that nobody sees: one reading for all spellings of a text.

Pure, and in time that grows with the length of the text alone.
"""

from __future__ import annotations

import re
import unicodedata

# What takes no room on the screen: joints, marks of direction, selectors, tags; and one that becomes eighteen.
_UNSEEN = re.compile(
    r"[\x00\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufdfa"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_FIGURE = re.compile(r"[^\D0-9]")
_DASH = re.compile(r"[\u058a\u05be\u2010-\u2015\u2043\u2212\u301c\u30fb\u30fc]")
_GAP = re.compile(r"[^\S\n\r ]")

# Letters of other alphabets that are drawn like Latin ones.
_CYRILLIC = ("АВЕКМНОРСТУХІЈЅԌԚԜаеорсухіјѕһԁԛԝ", "ABEKMHOPCTYXIJSGQWaeopcyxijshdqw")
_GREEK = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυχ", "ABEZHIKMNOPTYXaiknopux")
_OTHERS = ("ıɩɡɑʏӏǀ", "iigayll")
_DRAWN_ALIKE = str.maketrans("".join(s for s, _ in (_CYRILLIC, _GREEK, _OTHERS)), _CYRILLIC[1] + _GREEK[1] + _OTHERS[1])


def ordinary(text: str) -> str:
    """The text without what nobody sees, its wide, raised and framed forms, figures, dashes and gaps made ordinary."""
    if text.isascii():
        return text.replace("\x00", "")
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    plain = _FIGURE.sub(lambda found: str(unicodedata.digit(found.group())), plain)
    return _GAP.sub(" ", _DASH.sub("-", plain))


def latin(text: str) -> str:
    """An ordinary text without accents, with Latin letters for those of other alphabets that are drawn like them."""
    if text.isascii():
        return text
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return bare.translate(_DRAWN_ALIKE)
