"""The languages of Twilio's ``<Say>``."""

from __future__ import annotations

SPOKEN = (
    "ar-AE", "ca-ES", "cs-CZ", "cy-GB", "da-DK", "de-AT", "de-DE", "el-GR", "en-AU", "en-GB",
    "en-IE", "en-IN", "en-NZ", "en-US", "en-ZA", "es-ES", "es-MX", "es-US", "fi-FI", "fr-BE",
    "fr-CA", "fr-FR", "he-IL", "hi-IN", "hu-HU", "id-ID", "is-IS", "it-IT", "ja-JP", "ko-KR",
    "nb-NO", "nl-BE", "nl-NL", "pl-PL", "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sv-SE", "th-TH",
    "tr-TR", "uk-UA", "vi-VN", "zh-CN",
)  # fmt: skip
"""Locales (https://www.twilio.com/docs/voice/twiml/say/text-speech)."""
_USUAL = {
    "de": "de-DE",
    "en": "en-US",
    "es": "es-ES",
    "fr": "fr-FR",
    "nl": "nl-NL",
    "no": "nb-NO",
    "pt": "pt-BR",
}
"""Of a language with several regions, and of a code that Twilio has another one for."""


def say_language(language: str) -> str | None:
    """The locale that Twilio's ``<Say>`` speaks ``language`` in; None for one that it does not speak.

    >>> say_language("de"), say_language("de_at"), say_language("de-LU"), say_language("tlh")
    ('de-DE', 'de-AT', 'de-DE', None)
    """
    code, _, region = language.replace("_", "-").lower().partition("-")
    exact = f"{code}-{region.upper()}"
    if exact in SPOKEN:
        return exact
    return _USUAL.get(code) or next((each for each in SPOKEN if each.startswith(f"{code}-")), None)
