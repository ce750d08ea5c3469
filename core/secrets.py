"""The secret detector: Postern knows where everything lies and holds none of it.

Pure: text in, a sentence or None out. It is a net for honest people, not a wall against a determined one, so it would
rather let a strange text pass than refuse a serial number. Every pattern takes linear time: a repeated class starts
only where its own run starts, and is never given back.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from django.core.exceptions import ValidationError

from core.lookalikes import latin, ordinary

SEED = (
    "This looks like the seed of one-time codes. Keep it in your password manager, and write here only where it lies."
)
PRIVATE_KEY = (
    "This looks like a private key. Keep it on the machine that uses it or in your password manager, "
    "and write here only where it lies."
)
CODES = (
    "This looks like recovery codes. Keep them on paper in a safe or in your password manager, "
    "and write here only where they lie and how many are left."
)
API_KEY = (
    "This looks like an API key or a token. Keep it in your password manager or where the program that uses it "
    "reads it, and write here only where it lies."
)
PIN = "This looks like a password or a PIN. Keep it in your password manager, and write here only which one it is in."
CARD = "This looks like a whole card number. Write its last four digits at most."
NUMBER = "This looks like a whole account number. Write its last four characters at most."


def find(text: str) -> str | None:
    """What secret `text` seems to hold, as a sentence that says where to keep it instead; None when it seems clean."""
    readings = (_read(one) for one in _spellings(text))
    return next((advice for reading in readings for holds, advice in _DETECTORS if holds(reading)), None)


def find_across(texts: Iterable[str]) -> str | None:
    """The same for a seed or a card number in pieces: neighbouring fields or cells that hold nothing else."""
    pieces: list[str] = []
    for text in [*map(ordinary, texts), ""]:
        piece = text.strip()
        if _PIECE.fullmatch(piece):
            pieces.append(piece)
        elif advice := _find_in_pieces(pieces):
            return advice
        else:
            pieces = []
    return None


def no_secret(value: str) -> None:
    """Django validator: refuse a text that seems to hold a secret, with a word on where to keep it instead."""
    advice = find(str(value))
    if advice:
        raise ValidationError(advice, code="secret")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text made ready: `bare` is without what is public by nature, `small` the same in small letters."""

    plain: str
    bare: str
    small: str
    figures: int
    has_long_run: bool

    def says(self, *words: str) -> bool:
        """Whether one of the words stands anywhere; far cheaper than a pattern that would find nothing."""
        return any(word in self.small for word in words)


# What is public although it looks random: addresses of pages (where things are kept), mailboxes, public SSH keys.
_PUBLIC = re.compile(
    r"""https?://\S++ | (?<![\w.+-])[\w.+-]++@[\w.-]++ | \b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-[\w-]{1,30}+)\ AAAA\S++""",
    re.VERBOSE,
)
_ANY_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16}")
_FIGURE = re.compile(r"\d")
# Sixteen signs or more, each by itself: a secret that somebody spelled.
_SPELLED = re.compile(r"(?<![^\s(:=\"'])[A-Za-z0-9](?:[ .,_/\-]{1,2}[A-Za-z0-9](?![A-Za-z0-9])){15,}+")


def _spellings(text: str) -> Iterator[str]:
    """The ways in which a text can be read: as it is meant to be seen, by what its letters look like, spelled."""
    plain = ordinary(text)
    drawn = latin(plain)
    yield plain
    if drawn != plain:
        yield drawn
    if _SPELLED.search(drawn):
        yield _SPELLED.sub(lambda found: re.sub(r"[ .,_/\-]", "", found.group()), drawn)


def _read(plain: str) -> _Reading:
    bare = _PUBLIC.sub(" ", plain) if "://" in plain or "@" in plain or "AAAA" in plain else plain
    return _Reading(
        plain=plain,
        bare=bare,
        small=bare.lower(),
        figures=len(_FIGURE.findall(bare)),
        has_long_run=_ANY_RUN.search(bare) is not None,
    )


# --- seeds ---------------------------------------------------------------------------------------------------------
_OTPAUTH = re.compile(r"otpauth(?:-migration)?\s?(?::|%3A)\s?(?://|%2F%2F)", re.IGNORECASE)
_SEED_WORD = re.compile(r"\b(?:seed|secret|totp|otp|2fa|authenticator|mnemonic|wallet)\b")
_BASE32_RUN = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z2-7]{16,}+|[a-z2-7]{16,}+)(?![A-Za-z0-9])")
# As programs show one: fours, fives or eights, with a space or a hyphen between.
_BASE32_GROUPS = tuple(
    re.compile(rf"(?<![A-Za-z0-9]){group}(?:[ \-]{group}(?![A-Za-z0-9])){{{more},}}+")
    for group, more in (("[A-Za-z2-7]{4}", 3), ("[A-Za-z2-7]{5}", 3), ("[A-Za-z2-7]{8}", 1))
)


# As a line breaks one: pieces of one length, of which the last may be shorter, always with the same between them.
def _pieces(size: int, more: int) -> re.Pattern[str]:
    piece, end = f"[A-Za-z2-7]{{{size}}}", "(?![A-Za-z0-9])"
    return re.compile(
        rf"(?<![A-Za-z0-9]){piece}(?P<gap>[\s.\-_/·]{{1,3}}){piece}{end}(?:(?P=gap){piece}{end}){{{more},}}+"
        rf"(?:(?P=gap)[A-Za-z2-7]{{1,{size - 1}}}{end})?+"
    )


_BASE32_PIECES = tuple(
    (size, _pieces(size, more))
    for size, more in ((3, 3), (4, 2), (5, 1), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (13, 0), (16, 0))
)
# Without one that mixes letters with figures, no pieces are looked for.
_MIXED_PIECE = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z]{1,15}[2-7]|[2-7]{1,15}[A-Za-z])[A-Za-z2-7]{0,15}(?![A-Za-z0-9])"
)
_BASE32_LENGTHS = (16, 20, 24, 26, 32, 40, 48, 52, 56, 64, 103, 104)
_WORD_LIST = re.compile(r"(?<![\w])(?:\d{1,2}[.)] ?)?[a-z]{3,8}(?:[\s,]{1,3}(?:\d{1,2}[.)] ?)?[a-z]{3,8}){11,}+")
_SMALL_WORDS = (
    "the and for with are was not but has had its his her our you they this that from have been will all any can who "
    "when where then than only into onto over under after before until kept see ask per via out off each other"
)
_VOWELS = re.compile(r"[aeiouy]", re.IGNORECASE)
_ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th)", re.IGNORECASE)


def _holds_seed_link(text: _Reading) -> bool:
    return _OTPAUTH.search(text.plain) is not None


def _holds_seed(text: _Reading) -> bool:
    told = _SEED_WORD.search(text.small) is not None
    if text.has_long_run and any(_is_base32(run.group(), told=told) for run in _BASE32_RUN.finditer(text.bare)):
        return True
    if text.figures and (_holds_groups(text, told=told) or _holds_pieces(text, told=told)):
        return True
    return any(_are_seed_words(run.group(), told=told) for run in _WORD_LIST.finditer(text.bare))


def _holds_groups(text: _Reading, *, told: bool) -> bool:
    return any(_are_base32(run.group(), told=told) for run in _runs(_BASE32_GROUPS, text.bare))


def _holds_pieces(text: _Reading, *, told: bool) -> bool:
    return _MIXED_PIECE.search(text.bare) is not None and any(
        _is_broken_seed(run.group(), size, told=told)
        for size, pieces in _BASE32_PIECES
        for run in pieces.finditer(text.bare)
    )


def _runs(patterns: Iterable[re.Pattern[str]], text: str) -> Iterator[re.Match[str]]:
    return (run for pattern in patterns for run in pattern.finditer(text))


def _is_base32(run: str, *, told: bool) -> bool:
    """Whether sixteen or more base32 characters in a row are chance rather than words, or a text says they are."""
    turns, vowels = _turns(run), _vowel_share(run)
    if told and (turns or (len(run) % 8 == 0 and vowels < 0.3)):
        return True
    return turns >= 4 or (turns >= 2 and vowels <= 0.3) or (turns == 0 and vowels <= 0.2 and run.isupper())


def _are_base32(run: str, *, told: bool) -> bool:
    """The same for groups; four-letter words stand in a row too, so some must mix letters with figures."""
    groups = re.split(r"[ \-]", run)
    mixed = [group for group in groups if _turns(group) and not _ORDINAL.fullmatch(group)]
    if not mixed or not (run.isupper() or run.islower()):
        return False
    if any(group.isdigit() for group in groups) and not told:
        return len(mixed) >= 3
    return len(mixed) >= 2 or told or _vowel_share(run) <= 0.3


def _is_broken_seed(run: str, size: int, *, told: bool) -> bool:
    """Whether some pieces in a row make a seed of a usual length, rather than words or the numbers of a series."""
    pieces = re.findall(r"[A-Za-z2-7]+", run)
    if not any(map(_turns, pieces)):
        return False
    counts = {-(-length // size) for length in _BASE32_LENGTHS if length > size}
    rows = (pieces[start : start + count] for start in range(len(pieces)) for count in counts)
    return any(_are_pieces_of_seed(row, told=told) for row in rows if len(row) > 1)


def _are_pieces_of_seed(pieces: list[str], *, told: bool) -> bool:
    whole = "".join(pieces)
    if len(whole) not in _BASE32_LENGTHS or not (whole.isupper() or whole.islower()) or _is_series(pieces):
        return False
    mixed = sum(1 for piece in pieces if _turns(piece) and not _ORDINAL.fullmatch(piece))
    return mixed >= 1 if told else 2 * mixed > len(pieces) and _turns(whole) >= 4


def _is_series(words: Iterable[str]) -> bool:
    """Whether all words begin alike, as the numbers of one maker or one house do."""
    return len({word[:2].lower() for word in words}) == 1


def _are_seed_words(run: str, *, told: bool) -> bool:
    """Whether twelve or more small words in a row are a wallet's phrase: no sentence does without its small words."""
    words = re.findall(r"[a-z]+", run)
    return len(words) in ((12, 15, 18, 21, 24) if told else (24,)) and not set(_SMALL_WORDS.split()).intersection(words)


# What a field holds that holds only a part of a seed or of a card number.
_PIECE = re.compile(r"[A-Za-z2-7]{4,32}|\d[\d .\-]{2,13}")


def _find_in_pieces(pieces: list[str]) -> str | None:
    if len(pieces) < 2:
        return None
    if all(map(_turns, pieces)) and _are_pieces_of_seed(pieces, told=False):
        return SEED
    figures = "".join(pieces)
    return CARD if not re.search(r"[A-Za-z]", figures) and _is_card(re.sub(r"\D", "", figures)) else None


# --- keys and tokens -----------------------------------------------------------------------------------------------
_PRIVATE_KEY = re.compile(
    r"BEGIN\s(?:[A-Z0-9]{2,12}\s){0,3}PRIVATE\sKEY|(?i:-{2}\s?begin\s(?:[a-z0-9]{2,12}\s){0,3}private\skey)"
    r"|(?i:PuTTY-User-Key-File|AGE-SECRET-KEY-1)|b3BlbnNzaC1rZXktdjE|M(?:II[A-Z][A-Za-z0-9+/]{2}IBA|C4CAQAwBQYDK2Vw)"
)
_KNOWN_TOKEN = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        gh[pousr]_[A-Za-z0-9]{20} | github_pat_\w{20} | glpat-[\w-]{16} | npm_[A-Za-z0-9]{20} | pypi-[\w-]{20}
        | sk-[A-Za-z0-9_-]{20} | (?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16} | xox[abeoprs]-[\w-]{10}
        | (?:AKIA|ASIA)[A-Z0-9]{16} | AIza[\w-]{30} | ya29\.[\w-]{20} | SG\.[\w-]{16} | shp(?:at|ss|ca)_[a-f0-9]{20}
        | hf_[A-Za-z]{20} | dop_v1_[a-f0-9]{20} | \d{8,10}:[\w-]{35} | (?<![\w-])eyJ[\w-]{8,}+\.eyJ[\w-]{8}
        | ops_eyJ[\w-]{8} | hv[sb]\.[\w-]{20} | dapi[a-f0-9]{32} | Bearer\ [\w.~+/-]{16} | GOCSPX-[\w-]{16}
        | xapp-\d-[\w-]{10} | A[KS]IA(?:[ -]?[A-Z2-7]{4}){4}(?![A-Za-z0-9]) | sq0[a-z]{3}-[\w-]{16}
        | hooks\.slack\.com/services/T\w{2,12}/B\w{2,12}/\w{16} | discord(?:app)?\.com/api/webhooks/\d{5,20}/[\w-]{20}
    )""",
    re.VERBOSE,
)
_TOKEN_SIGNS = ("xox", "xapp", "akia", "asia", "bearer", ".", ":")
# A name and a password before the host of an address.
_IN_ADDRESS = re.compile(r"://[^\s/:@?#]{1,64}:[^\s/@?#]{3,128}@")
_QUERY_TOKEN = re.compile(
    r"[?&#;](?:access_token|auth_token|api_?key|token|secret|client_secret|sig|signature|password|pwd)=[^\s&#]{8}",
    re.IGNORECASE,
)
_HEX = re.compile(r"(?<![A-Za-z0-9])(?:0x)?[0-9A-Fa-f]{32,}+(?![A-Za-z0-9])")
_HEX_GROUPS = re.compile(r"(?<![A-Za-z0-9])[0-9A-Fa-f]{4}(?: [0-9A-Fa-f]{4}(?![A-Za-z0-9])){7,}+")
_LONG_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}+")
_PUBLIC_DIGEST = re.compile(
    r"(?:sha-?\d{0,3}|md5|digest|checksum|fingerprint|hash|commit|uuid|guid|gpg|pgp|asset(?: tag| no\.?| id)?)"
    r"(?:\s(?:of|von|de|du|di)\s[\w ]{1,20})?[\s:=#]*$",
    re.IGNORECASE,
)
_UUID_4 = re.compile(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", re.IGNORECASE)
_IN_WORDS = re.compile(r"[a-z]{3,}|[A-Z]{4,}")


def _holds_private_key(text: _Reading) -> bool:
    return _PRIVATE_KEY.search(text.plain) is not None


def _holds_known_token(text: _Reading) -> bool:
    if "=" in text.plain and _QUERY_TOKEN.search(text.plain):
        return True
    return (
        text.has_long_run or text.says("xox", "akia", "asia", ".", ":", "bearer", "xapp") or "//" in text.plain
    ) and _KNOWN_TOKEN.search(text.plain) is not None


def _holds_random_text(text: _Reading) -> bool:
    """Long hex, base64 or base36 that nobody would type: no digest that is public, no UUID, no name of a company."""
    if text.figures >= 4 and any(_turns(run.group()) >= 4 for run in _private(_HEX_GROUPS, text.bare)):
        return True
    if not text.has_long_run:
        return False
    for run in _private(_HEX, text.bare):
        if _turns(run.group()) and not _UUID_4.fullmatch(run.group()):
            return True
    return any(_is_random(run.group()) for run in _private(_LONG_RUN, text.bare))


def _private(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches that no word before them declares public."""
    return (
        run for run in pattern.finditer(text) if not _PUBLIC_DIGEST.search(text[max(0, run.start() - 40) : run.start()])
    )


def _is_random(run: str) -> bool:
    upper, lower = sum(map(str.isupper, run)), sum(map(str.islower, run))
    figures = sum(map(str.isdigit, run))
    longest = max(map(len, re.split(r"[-_/+]", run)))
    wordy = sum(map(len, _IN_WORDS.findall(run))) / (upper + lower or 1)
    if upper >= 2 and lower >= 2:
        restless = _class_changes(run) >= 0.48 * len(run)
        whole = longest >= 10 or (restless and len(run) >= 40)
        return whole and (restless or wordy < (0.3 if len(run) < 32 else 0.5)) and (figures >= 2 or len(run) >= 32)
    chance = len(run) >= 24 and min(figures, upper + lower) >= 4 and _turns(run) >= len(run) / 5
    is_hex = set(run.lower()) <= set("0123456789abcdef") and len(run) >= 32
    return chance and longest == len(run) and not is_hex and not _is_legal_entity(run)


def _is_legal_entity(run: str) -> bool:
    """Whether it is a valid LEI (ISO 17442), which is public: twenty characters with check digits."""
    return len(run) == 20 and run.isupper() and int("".join(str(int(sign, 36)) for sign in run)) % 97 == 1


# --- recovery codes ------------------------------------------------------------------------------------------------
_CODES_WORD = re.compile(
    r"\b(?:recovery|back-?up|scratch|rescue|emergency|wiederherstellungs|notfall)[ -]?(?:codes?|keys?)\b"
    r"|\bcodes? de (?:secours|récupération|recuperation)\b|\bcodic[ei] di (?:recupero|emergenza|riserva|backup)\b"
    r"|\b(?:código|codigo)s? de (?:recuperación|recuperacion|reserva|respaldo)\b"
)
_HYPHENED = re.compile(r"(?<![\w-])[A-Za-z0-9]{3,8}(?:-[A-Za-z0-9]{3,8}(?![A-Za-z0-9])){1,3}+(?![\w-])")
_LONG_KEY = re.compile(r"(?<![\w-])[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{4,8}){4,9}+(?![\w-])")
_MIXED_RUN = re.compile(r"(?<![\w-])(?=[A-Za-z]{0,15}\d)[A-Za-z0-9]{8,16}+(?![\w-])")
_FIGURES = re.compile(r"(?<![\w+-])(?<!\d )(?:\d{4} \d{4}|\d{4}-\d{4}|\d{5}-\d{5}|\d{6}|\d{8})(?![\w-])(?! \d)")
_FOURS = re.compile(r"(?<!\d)\d{4}(?:\s{1,2}\d{4}){3,}+(?!\d)")
_FIGURE_ROW = re.compile(r"(?<![\w+-])(?:\d{6}(?:\s\d{6}(?!\d)){1,}+|\d{8}(?:\s\d{8}(?!\d)){1,}+)(?![\w-])")
_COUNTED_OFF = re.compile(r"(?<!\S)\d{1,2}[.):]\s")
_DAY = re.compile(
    r"(?:19|20)\d\d(?P<gap>[-./ ]?)(?:0?[1-9]|1[0-2])(?P=gap)(?:[0-2]?\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|1[0-2])[-./](?:\d{4}|\d\d\b)"
)


def _holds_codes(text: _Reading) -> bool:
    """A list of code-shaped words. One alone is a serial number; where the text says what they are, two are enough."""
    if text.figures < 6:
        return False
    if any(_is_long_key(run.group()) for run in _LONG_KEY.finditer(text.bare)):
        return True
    told = text.says("code", "key", "código", "codigo", "codic") and _CODES_WORD.search(text.small) is not None
    mixed = (run.group() for run in _HYPHENED.finditer(text.bare) if _has_mixed_groups(run.group()))
    runs = (run.group() for run in _MIXED_RUN.finditer(text.bare) if _is_mixed(run.group()))
    bare = _COUNTED_OFF.sub("", text.bare)
    figures = (run.group() for run in _FIGURES.finditer(bare) if not _DAY.fullmatch(run.group()))
    rows = (word for run in _FIGURE_ROW.finditer(bare) for word in run.group().split() if not _DAY.fullmatch(word))
    sorts = ((mixed, 4), (runs, 5), (figures, 6), (rows, 6))
    if any(_are_codes(words, 2 if told else enough) for words, enough in sorts):
        return True
    fours = (run.group() for run in _FOURS.finditer(text.bare))
    return any(run.count("\n") + len(run) // 5 >= (3 if told else 7) for run in fours)


def _are_codes(words: Iterable[str], enough: int) -> bool:
    """Whether `enough` different words have one shape and no beginning in common, as numbers in a series have."""
    shapes: dict[tuple[int, ...], set[str]] = defaultdict(set)
    for word in words:
        shapes[tuple(map(len, re.split(r"[- ]", word)))].add(word.lower())
    return any(len(found) >= enough and len({word[:2] for word in found}) > 1 for found in shapes.values())


def _is_long_key(word: str) -> bool:
    groups = word.split("-")
    if len(groups) == 8 and all(len(group) == 6 and group.isdigit() for group in groups):
        return True
    return sum(1 for group in groups if _turns(group)) >= 3


def _has_mixed_groups(word: str) -> bool:
    groups = word.split("-")
    return 2 * sum(1 for group in groups if _turns(group)) >= len(groups)


def _is_mixed(word: str) -> bool:
    figures = sum(map(str.isdigit, word))
    return figures >= 2 and len(word) - figures >= 2 and _turns(word) >= 2


# --- passwords and what else stands after a colon ------------------------------------------------------------------
_MANAGERS = "1password bitwarden keepass keepassxc lastpass dashlane vaultwarden protonpass keychain vault safe manager"
_SAYS_WHERE = frozenset(
    f"{_MANAGERS} in at on by as of from with to via per the a an no not none never nobody nothing see ask kept held "
    "stored lies same known unknown set reset changed rotated last next first only should must is was will has needs "
    "required optional yes n/a na tbd none. managed memorised memorized written printed paper sealed shared expired "
    "expires policy min minimum max at-least long strong weak new old login access hint office entry item record "
    "siehe im in bei liegt keine kein dans voir chez aucun en".split()
)
_SEPARATOR = (
    r"[\"'”’)\]]?\s{0,3}(?P<sep>:=|[:=]|->|→|=>|\bis\b|\bwas\b|\blautet\b|\best\b)?\s{0,3}(?=(?P<value>[^\n]{1,120}))"
)
_PASSWORD_NAME = re.compile(
    r"\b(?:pass ?words?|passwd|pwd|pw|pass|pass ?phrase|passwort|kennwort|mot de passe|contraseña|contrasena|senha"
    rf"|wachtwoord|lösenord|losenord|adgangskode|parola d[’']ordine|parola chiave)\b{_SEPARATOR}",
    re.IGNORECASE,
)
_PIN_NAME = re.compile(
    r"\b(?:pin[ -]?codes?|pins?|geheimzahl|puk|pass ?code|cvv2?|cvc|tan|otp|unlock code|door code|alarm code"
    r"|safe code|access code|security code|(?:one[- ]time|2fa|sms|recovery|back-?up) (?:codes?|key)|combination"
    rf"|bitlocker key|zugangscode|code d[’']accès|codice di accesso)\b{_SEPARATOR}",
    re.IGNORECASE,
)
_KEY_NAME = re.compile(
    r"\b(?:(?:client|app|shared|consumer|totp)[ _-]?secret|secret(?:[ _-]?(?:access[ _-]?)?key)?|seed|totp"
    r"|api[ _-]?(?:key|secret|token)|(?:access|auth|refresh|session|flex|bearer)[ _-]?(?:key|token)|token|private key"
    rf"|security answer|licen[cs]e key|product key)\b{_SEPARATOR}",
    re.IGNORECASE,
)
_NUMBER_NAME = re.compile(
    r"\b(?:(?:account|acct|a/c|depot|konto|portfolio)[ .-]{0,2}(?:no\.?|nr\.?|num(?:ber)?|id|#)|kontonummer|depotnummer"
    r"|iban)[\"'”’)\]]?\s{0,3}[:=#]?\s{0,3}(?=(?P<value>[^\n]{1,60}))",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"[!@#$%^&*_+=~|\\<>?]")
_TRIMMED = " \t\"'`“”„«»()[]{}"


def _holds_password_in_address(text: _Reading) -> bool:
    return "://" in text.plain and _IN_ADDRESS.search(text.plain) is not None


def _holds_password(text: _Reading) -> bool:
    return text.says(
        "pass", "pw", "kennwort", "parola", "contrase", "senha", "wachtwoord", "lösenord", "adgangskode"
    ) and any(_is_password(found["value"], found["sep"] or "") for found in _PASSWORD_NAME.finditer(text.bare))


def _holds_pin(text: _Reading) -> bool:
    return text.says(
        "pin", "puk", "pass", "cv", "tan", "otp", "cod", "combination", "recovery", "backup", "zahl"
    ) and any(_is_pin(found.group(), found["value"], found["sep"] or "") for found in _PIN_NAME.finditer(text.bare))


def _is_password(value: str, sep: str) -> bool:
    """What follows the word: a secret itself, rather than where it is or who knows it."""
    quoted = value[:1] in "\"'“„«" and sep != ""
    words = re.split(r"[.;,)](?:\s|$)", value.strip(_TRIMMED), maxsplit=1)[0].split()
    first = words[0].strip(_TRIMMED + ".,;:") if words else ""
    if sep == "" or len(first) < 3 or first.lower() in _SAYS_WHERE or _DAY.match(first):
        return False
    if _turns(first) or _SYMBOL.search(first) or quoted:
        return True
    alone = len(words) == 1 and not sep.isalpha()
    phrase = 3 < len(words) < 9 and all(re.fullmatch(r"[a-z]{3,9}", word) for word in words)
    return alone or (phrase and not _SAYS_WHERE.union(_SMALL_WORDS.split()).intersection(words))


def _is_pin(name: str, value: str, sep: str) -> bool:
    if _DAY.match(value.lstrip(_TRIMMED)):
        return False
    led = re.match(r"\d[\d -]{2,13}", value.lstrip(_TRIMMED))
    figures = re.sub(r"\D", "", led.group()) if led else ""
    if sep:
        first = re.split(r"[\s,;]", value.strip(_TRIMMED), maxsplit=1)[0]
        fewest = 3 if name[:2].lower() == "cv" else 4
        return fewest <= len(figures) <= 12 or (len(first) >= 6 and _is_mixed(re.sub(r"[^A-Za-z0-9]", "", first)))
    return len(figures) in (4, 5, 8) and not re.match(r"(?:19[5-9]|20[0-4])\d\b", figures)


def _holds_named_key(text: _Reading) -> bool:
    return text.says("secret", "seed", "totp", "key", "token", "answer") and any(
        found["sep"] and _is_key(found["value"]) for found in _KEY_NAME.finditer(text.bare)
    )


def _is_key(value: str) -> bool:
    first = re.split(r"[\s,;]", value.strip(_TRIMMED), maxsplit=1)[0].strip(_TRIMMED + ".")
    if _DAY.match(first) or len(first) < 8:
        return False
    both_cases = len(first) >= 16 and first.isalpha() and not first.islower() and not first[1:].islower()
    return _is_mixed(re.sub(r"[^A-Za-z0-9]", "", first)) or both_cases or (first.isdigit() and len(first) >= 12)


# --- cards and accounts --------------------------------------------------------------------------------------------
_GAP = r"[\s.\-_/]{1,2}"
_ALONE = r"(?![\s.,\-_/]{0,2}\d)"
_CARD = re.compile(
    rf"(?<!\d)(?=((?:\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}(?:{_GAP}\d{{3}})?|\d{{4}}{_GAP}\d{{6}}{_GAP}\d{{4,5}}"
    rf"|\d{{13,19}}|\d{{8}}{_GAP}\d{{8}}|(?:\d{{5}}{_GAP}){{3}}\d{_ALONE}|(?:\d{{3}}{_GAP}){{5}}\d{_ALONE}"
    rf"|(?:\d\d{_GAP}){{7}}\d\d{_ALONE})(?!\d)))|(?<!\d)(?<!\d[ .\-])(\d(?:[ .\-]\d){{12,18}}+)(?![ .\-]?\d)"
)
_CARD_LISTED = re.compile(r"(?<!\d)\d{4}(?:,\s?\d{4}){3}(?!\d)")
_CARD_WORD = re.compile(
    r"\b(?:visa|master ?card|amex|american express|diners|(?:credit|debit|bank) ?card|kreditkarte)\b"
)
# Figures typed with the letters that look like them.
_CARD_TYPED = re.compile(
    rf"(?<![A-Za-z0-9])[0-9OoIl]{{4}}(?:{_GAP}[0-9OoIl]{{4}}){{3}}(?![A-Za-z0-9])|(?<!\w)[0-9OoIl]{{16}}(?!\w)"
)
_TYPED_FIGURES = str.maketrans("OoIl", "0011")
_CARD_BEGINNING = re.compile(
    r"4(?:\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|35\d{14}"
    r"|3[068]\d{12}|62\d{14,17}|(?:50[1-9]\d|5[6-8]\d\d|6304|67\d\d)\d{8,15}"
)
# A word before a number that makes it that of a phone, a SIM or an article; no phone's begins like a card of Amex.
_NUMBER_OF_A_THING = re.compile(
    r"\b(?:imei|imeisv|meid|iccid|eid|ean|gtin|isbn|barcode|strichcode|track(?:ing)?|sendung\w{0,12}|parcel|awb|colis)"
    r"(?:[ -]?(?:no\.?|nr\.?|number|nummer|sv|1|2))?[\s:=#.]{0,3}$",
    re.IGNORECASE,
)
_AMEX = ("34", "37")
_IBAN = re.compile(r"(?<![A-Z0-9])(?=([A-Z]{2}\d{2}[ -]?[A-Z0-9]{2,4}[A-Z0-9 -]{7,38}))", re.IGNORECASE | re.ASCII)
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IS": 26, "IT": 27, "KW": 30, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31,
    "NL": 18, "NO": 15, "PL": 28, "PT": 25, "QA": 29, "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TR": 26,
}  # fmt: skip
_BROKER_NUMBER = re.compile(r"(?<![A-Za-z0-9])D?U\d{7,8}(?![A-Za-z0-9])")


def _holds_card(text: _Reading) -> bool:
    if text.figures >= 13 and any(_is_card(figures) for figures in _long_numbers(text.bare)):
        return True
    if text.figures >= 16 and _CARD_WORD.search(text.small):
        return any(_is_card(re.sub(r"\D", "", one.group())) for one in _CARD_LISTED.finditer(text.bare))
    typed = (one.group() for one in _CARD_TYPED.finditer(text.bare)) if text.figures >= 10 else ()
    return any(_is_card(re.sub(r"\D", "", one.translate(_TYPED_FIGURES))) for one in typed if not one.isdigit())


def _long_numbers(text: str) -> Iterator[str]:
    """What is written like a card's number, without what a word before it says to be the number of something else."""
    for one in _CARD.finditer(text):
        figures = re.sub(r"\D", "", one.group(1) or one.group(2))
        named = _NUMBER_OF_A_THING.search(text[max(0, one.start() - 24) : one.start()])
        if named is None or (len(figures) == 15 and figures[:2] in _AMEX):
            yield figures


def _is_card(figures: str) -> bool:
    return _CARD_BEGINNING.fullmatch(figures) is not None and len(set(figures)) > 1 and _luhn(figures)


def _luhn(figures: str) -> bool:
    doubled = (int(figure) * (2 if n % 2 else 1) for n, figure in enumerate(reversed(figures)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _holds_number(text: _Reading) -> bool:
    if text.figures < 6:
        return False
    if _BROKER_NUMBER.search(text.bare):
        return True
    if text.figures >= 8 and any(_is_iban(found.group(1)) for found in _IBAN.finditer(text.bare)):
        return True
    named = text.says("account", "acct", "a/c", "depot", "konto", "portfolio", "iban")
    return named and any(_is_whole_number(found["value"]) for found in _NUMBER_NAME.finditer(text.bare))


def _is_iban(found: str) -> bool:
    signs = re.sub(r"[ -]", "", found).upper()
    signs = signs[: _IBAN_LENGTHS.get(signs[:2], 0)]
    return len(signs) >= 15 and int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


def _is_whole_number(value: str) -> bool:
    first = re.match(r"[A-Za-z]{0,3}[ -]?\d[\d \-./]{3,}", value)
    return first is not None and not _DAY.match(first.group()) and len(re.sub(r"\D", "", first.group())) >= 6


# --- counting ------------------------------------------------------------------------------------------------------
def _turns(word: str) -> int:
    """How often a word goes over from letters to figures or back."""
    return sum(a.isdigit() != b.isdigit() for a, b in pairwise(word) if a.isalnum() and b.isalnum())


def _class_changes(word: str) -> int:
    """How often two neighbours are of different sorts: capital, small letter, figure."""
    return sum((a.isupper(), a.isdigit()) != (b.isupper(), b.isdigit()) for a, b in pairwise(word))


def _vowel_share(word: str) -> float:
    letters = sum(map(str.isalpha, word))
    return len(_VOWELS.findall(word)) / letters if letters else 0.0


_DETECTORS: tuple[tuple[Callable[[_Reading], bool], str], ...] = (
    (_holds_private_key, PRIVATE_KEY),
    (_holds_seed_link, SEED),
    (_holds_known_token, API_KEY),
    (_holds_card, CARD),
    (_holds_number, NUMBER),
    (_holds_seed, SEED),
    (_holds_codes, CODES),
    (_holds_named_key, API_KEY),
    (_holds_password, PIN),
    (_holds_password_in_address, PIN),
    (_holds_pin, PIN),
    (_holds_random_text, API_KEY),
)
