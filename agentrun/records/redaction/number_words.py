"""Number words up to 99, in the languages in which callers give telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentrun.records.redaction.normalised_text import without_accents

_UP_TO_NINE = (
    "zero one two three four five six seven eight nine",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "zéro un deux trois quatre cinq six sept huit neuf",
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "zero uno due tre quattro cinque sei sette otto nove",
    "zero um dois três quatro cinco seis sete oito nove",
    "nul een twee drie vier vijf zes zeven acht negen",
    "ноль один два три четыре пять шесть семь восемь девять",
    "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
    "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة",
    "صفر واحدة اثنين ثلاث أربع خمس ست سبع ثماني تسع",
    "אפס אחת שתיים שלוש ארבע חמש שש שבע שמונה תשע",
    "אפס אחד שניים שלושה ארבעה חמישה שישה שבעה שמונה תשעה",
)
_FROM_TEN = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
    "dix onze douze treize quatorze quinze seize",
    "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
    "dez onze doze treze quatorze quinze dezesseis dezessete dezoito dezenove",
    "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
    "десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать "
    "девятнадцать",
)
_TENS = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "vingt trente quarante cinquante soixante",
    "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
)
_HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"
_COMPOUND = {"german": (3, 3, "und"), "dutch": (6, 6, "en")}
"""The rows of units and tens of a language that says the unit first, and what stands between them."""
_ALSO = {
    "meia": "6",
    "fuenf": "5",
    "oh": "0",
    "o": "0",
    "nought": "0",
    "zwo": "2",
    "hundred": "00",
    "catorze": "14",
    "dezasseis": "16",
    "dezassete": "17",
    "dezanove": "19",
    "vingts": "20",
    "septante": "70",
    "huitante": "80",
    "nonante": "90",
    "dreissig": "30",
    "одна": "1",
    "две": "2",
    "нуль": "0",
    "אפסים": "00",
    "שתים": "2",
    "ثمان": "8",
    "اثنتان": "2",
}
SIGNS = {
    **{sign: str(value) for value, sign in enumerate("零一二三四五六七八九")},
    "〇": "0",
    "○": "0",
    "幺": "1",
    "两": "2",
    **{sign: str(value) for value, sign in enumerate("공일이삼사오육칠팔구")},
    "영": "0",
    "륙": "6",
}
"""Chinese, Japanese and Korean digits, which stand behind each other without a space."""
ALSO_ENGLISH = frozenset({"once", "elf"})
"""Numbers only behind another one that is spoken: elsewhere they are words of another language."""
JOINTS = frozenset({"y", "e", "et"})
"""Between a ten and its unit: ``treinta y cuatro``, ``trinta e quatro``, ``vingt et un``."""
_FULL_TEN = re.compile("[2-9]0")
_FULL_HUNDRED = re.compile("[1-9]00")


def _words() -> Iterator[tuple[str, str]]:
    for first, lines in ((0, _UP_TO_NINE), (10, _FROM_TEN)):
        for line in lines:
            yield from ((word, str(value)) for value, word in enumerate(line.split(), first))
    for line in _TENS:
        yield from ((word, str(value * 10)) for value, word in enumerate(line.split(), 2))
    yield from ((word, str(value * 100)) for value, word in enumerate(_HUNDREDS.split(), 1))
    for units, tens, between in _COMPOUND.values():
        for unit, one in enumerate(_UP_TO_NINE[units].split()[1:], 1):
            begins = "ein" if one == "eins" else one
            for ten, word in enumerate(_TENS[tens].split(), 2):
                yield f"{begins}{between}{word}", str(ten * 10 + unit)
    for ten, word in enumerate(_TENS[4].split(), 2):
        for unit, one in enumerate(_UP_TO_NINE[4].split()[1:], 1):
            stem = word[:-1] if one[0] in "uo" else word
            yield f"{stem}{one}", str(ten * 10 + unit)
    for unit, one in enumerate(_UP_TO_NINE[1].split()[1:], 1):
        yield f"veinti{one}", str(20 + unit)
    yield from _ALSO.items()


_DIGITS = {without_accents(word): digits for word, digits in _words()}


def digits_of(word: str) -> str:
    """What ``word``, in small letters, says in digits; empty for one that is no number.

    >>> digits_of("fünfundzwanzig"), digits_of("dix"), digits_of("table"), digits_of("四一五")
    ('25', '10', '', '415')
    """
    if word[0] in SIGNS:
        return "".join(SIGNS.get(sign, "") for sign in word)
    return _DIGITS.get(without_accents(word), "")


def combined(before: str, last: str, word: str, digits: str) -> str:
    """The digits of two words that say one number, of which ``before`` said ``last``; empty for two numbers.

    >>> combined("fifty", "50", "five", "5"), combined("soixante", "60", "douze", "12")
    ('55', '72')
    >>> combined("fifty", "50", "fifty", "50")
    ''
    """
    if _FULL_TEN.fullmatch(last) and digits in tuple("123456789"):
        return last[0] + digits
    if _FULL_HUNDRED.fullmatch(last) and len(digits) <= 2 and before in _HUNDREDS.split():
        return last[0] + digits.zfill(2)
    if before == "quatre" and word in ("vingt", "vingts"):
        return "80"
    is_teen = digits.isdecimal() and 10 <= int(digits) <= 16
    if is_teen and (before, last) in (("soixante", "60"), ("vingt", "80"), ("vingts", "80")):
        return str(int(last) + int(digits))
    return "1" + digits if before == "dix" and last == "10" and digits in ("7", "8", "9") else ""
