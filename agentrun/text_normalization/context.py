"""The context of a figure, which tells an amount from a number that is read digit by digit."""

from __future__ import annotations

import re

from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import words as words_of

CURRENCY_CODES = words_of(
    "USD EUR GBP JPY INR BRL CHF MXN COP ARS CLP PEN UYU CAD AUD NZD CNY SEK NOK DKK PLN CZK HUF TRY ZAR AED "
    "SAR SGD HKD KRW THB"
)
"""ISO 4217's codes of the currencies that callers pay in."""
SIGNS = "$€£¥₹₩₽₺₴₫฿"
_OTHER_WORDS = words_of("real won rand sol bat bats")
"""Currencies that are words of another meaning as well."""
_CURRENCY_WORDS = frozenset(
    word.lower()
    for one in VOCABULARIES.values()
    for currency in one.currencies.values()
    for word in currency[:2]
    if word not in _OTHER_WORDS
) | words_of(
    "peso pesos bucks crowns kronor kroner zloty rubles dirhams soles lira liras yuan pfund francs "
    "franken francos reais"
)
_UNITS = frozenset(unit for one in VOCABULARIES.values() for unit in one.units) | {"%"}
_NUMBERS = (
    r"codes?|código|codice|códigos?|numbers?|nummer|número|numero|numéro|nr|no|nº|pin|otp|tan|id|ids|ssn|iban|"
    r"reach|contact|message|erreichen|contactar|joindre|orders?|bestellung|bestellnummer|pedido|commande|ordine|bestelling|account|konto|cuenta|compte|conto|"
    r"conta|rekening|call|dial|phone|telephone|telefon|teléfono|téléphone|telefono|telefoon|telefone|tel|fax|"
    r"mobile|cell|handy|whatsapp|sms|text|llame|appelez|chiami|bel|ligue|unter|reference|ref|referenz|"
    r"referencia|booking|buchung|reserva|ticket|case|policy|invoice|rechnung|factura|facture|fattura|"
    r"tracking|serial|sort|zip|plz|postal|extension|ext|kundennummer|passcode|cep|cpf|cnpj|nif|nie|dni|confirmation|customer"
)
_NUMBER_BEFORE = re.compile(rf"(?<!\w)(?:\w*nummer|{_NUMBERS})\W*(?:\w{{1,9}}\W+){{0,2}}$", re.IGNORECASE)
_VERSION_BEFORE = re.compile(
    r"(?<!\w)(?:v|ver|version|versión|versione|versie|versão|release|firmware|software|build|update|android|"
    r"ios|macos|windows|python|java|kapitel|chapter|abschnitt|section|ziffer|punkt|absatz|artikel|article|"
    r"clause|stufe|nr|ip|address|adresse)\W{0,3}(?:is |ist |auf |to )?$",
    re.IGNORECASE,
)
_THINGS = (
    r"apts?|apartment|unit|seats?|rows?|gates?|aisle|rooms?|route|highway|hwy|exit|platform|terminal|track|size|codes?|"
    r"channel|flight|bus|line|suite|ste|floor|zone|section|block|lot|level|class|plate|street|house|door|"
    r"größe|gr|sitz|sitzplatz|platz|wohnung|whg|haus|hausnummer|zimmer|gleis|tor|reihe|kennzeichen|stock|etage|linie|"
    r"zug|nummer|nr|no|straße|str|tür|taille|siège|place|rang|porte|appartement|chambre|quai|voie|ligne|numéro|étage|"
    r"talla|asiento|fila|puerta|piso|apartamento|depto|habitación|andén|vía|línea|número|código|ruta|"
    r"taglia|posto|uscita|appartamento|stanza|camera|binario|linea|numero|codice|interno|"
    r"maat|stoel|rij|kamer|spoor|lijn|huis|perron|tamanho|assento|portão|apto|quarto|plataforma|linha|rota|sala|number"
)
_THING_BEFORE = re.compile(
    rf"(?<!\w)(?:\w*straße|{_THINGS})\.?\W{{0,3}}(?:(?:is|are|was|ist|est|es|è|é)\W{{1,2}})?$", re.IGNORECASE
)
_LETTER_BEFORE = re.compile(r"(?:\d ?|(?<!\w))[B-Z][- ]$")
"""Of a road (``I-90``), a plate or a code."""
_CODE_AFTER = re.compile(r" ?\d| [A-Z](?!\w)")
_WORD_AFTER = re.compile(r" ?([^\W\d_]+|[%°$€£¥₹])")
_SIGN_BEFORE = re.compile(
    rf"(?:[{SIGNS}]|(?<!\w)(?:Rs\.?|S/\.?|Dhs\.?|{'|'.join(sorted(CURRENCY_CODES))})) ?[-−]?$"
)
_REACH = 40
"""Characters before a figure that are looked at."""


def before(found: re.Match[str]) -> str:
    """The end of the text before what was matched."""
    return found.string[max(0, found.start() - _REACH) : found.start()]


def is_currency(word: str) -> bool:
    """Whether ``word`` names a currency, such as ``pesos``."""
    return word.lower() in _CURRENCY_WORDS


def names_number(text: str) -> bool:
    """Whether ``text`` ends by telling that a number, such as a code, follows.

    >>> names_number("Your order is "), names_number("Berlin has ")
    (True, False)
    """
    return _NUMBER_BEFORE.search(text) is not None


def is_code(found: re.Match[str], letter: str) -> bool:
    """Whether a figure and the ``letter`` behind it name a thing: a seat, a road, a size, and no measure.

    >>> is_code(re.search(r"12 ?L", "Your seat is 12L."), "L"), is_code(re.search(r"2L", "A 2L bottle."), "L")
    (True, False)
    """
    leading = before(found)
    if _THING_BEFORE.search(leading) or _LETTER_BEFORE.search(leading):
        return True
    return letter.isupper() and _CODE_AFTER.match(found.string, found.end()) is not None


def names_version(text: str) -> bool:
    """Whether ``text`` ends with what versions and chapters are counted by.

    >>> names_version("Wir nutzen Version "), names_version("Wir kommen am ")
    (True, False)
    """
    return _VERSION_BEFORE.search(text) is not None


def is_amount(found: re.Match[str]) -> bool:
    """Whether the figure that was matched is so much of something, by what stands beside it."""
    leading = before(found)
    if _SIGN_BEFORE.search(leading):
        return True
    after = _WORD_AFTER.match(found.string, found.end())
    word = after[1] if after else ""
    if (word and word in SIGNS) or word in CURRENCY_CODES or word.lower() in _CURRENCY_WORDS:
        return True
    if names_number(leading):
        return False
    return word in _UNITS or (_is_round(found[0]) and bool(word))


def _is_round(figure: str) -> bool:
    """Whether the figure is one of those that are counted, not dialled: ``8000000``, ``500-1000``."""
    first, _, second = figure.partition("-")
    if second:
        return first.isdigit() and second.isdigit() and int(second) % 100 == 0 and int(first) % 50 == 0
    return figure.isdigit() and figure[0] != "0" and figure.endswith("000")
