"""Telephone numbers as they are said in pairs, and in languages that others than Europe's speak."""

from __future__ import annotations

import pytest

from agentrun.records.redaction import number_words
from agentrun.records.redaction.redaction import Redaction

PHONE, CARD = Redaction(["phone"]), Redaction(["card"])
SAID = (
    "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit",
    "zéro un quarante-deux soixante et onze quatre-vingt-deux quatre-vingt-dix-sept",
    "null eins sieben sechs, vierunddreißig, fünfundfünfzig, einundzwanzig",
    "nul zes, vierendertig, tweeëntwintig, negenenzestig, elf",
    "seis doce, treinta y cuatro, cincuenta y cinco, veintiuno, once",
    "nove um, trinta e quatro, cinquenta e seis, vinte e dois",
    "tre tre tre, quarantadue, ventuno, sessantotto",
    "плюс семь девятьсот шестнадцать двести двадцать пять сорок один ноль два",
    "zero dwa dwa jeden dwa trzy cztery pięć sześć",
    "sıfır beş üç iki bir iki üç dört beş altı yedi",
    "صفر خمسة خمسة واحد اثنين ثلاثة أربعة خمسة ستة سبعة",
    "אפס חמש שתיים אחת שתיים שלוש ארבע חמש שש שבע",
    "我的电话是一三八零零一三八零零零，谢谢",
    "電話番号は〇九〇一二三四五六七八です",
    "번호는 공일공 일이삼사 오육칠팔 이에요",
)
COUNTED = (
    "We have tables for twelve, for twenty-two and for forty.",
    "Nous avons soixante-douze chambres et quatre-vingt-dix places.",
    "Order 12345 once a week, please.",
    "An elf has 12345 toys.",
    "Hay treinta y cuatro mesas, y cincuenta y cinco sillas.",
    "一二三，我们开始吧",
    "девятьсот шестнадцать рублей пятьдесят копеек",
    "Im Mai zweiundzwanzig kamen fünfundfünfzig Gäste.",
)


@pytest.mark.parametrize("said", SAID)
def test_a_number_is_hidden_as_its_language_says_it(said: str) -> None:
    hidden = PHONE.text(said)
    assert "[phone]" in hidden
    left = [
        word
        for word in hidden.replace("[phone]", "").split()
        if number_words.digits_of(word.strip(",.").lower())
    ]
    assert left == []


@pytest.mark.parametrize("said", COUNTED)
def test_what_counts_something_is_left(said: str) -> None:
    assert PHONE.text(said) == said


@pytest.mark.parametrize(
    "said",
    [
        "quatre mille",  # none of it
        "quarante et un, onze, onze, onze, onze, onze, onze, onze",
        "einundvierzig elf elf elf elf elf elf elf",
        "cuarenta y uno, once, once, once, once, once, once, once",
    ],
)
def test_a_card_is_known_by_what_its_words_say_together(said: str) -> None:
    assert (CARD.text(said) == "[card]") is (said != "quatre mille")


def test_words_of_two_numbers_are_not_put_together() -> None:
    assert number_words.combined("fifty", "50", "twelve", "12") == ""
    assert number_words.combined("quatre", "4", "vingt", "20") == "80"
    assert number_words.combined("dix", "70", "huit", "8") == "78"
