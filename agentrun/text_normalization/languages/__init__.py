"""The supported languages; in any other, numbers, dates and abbreviations stay unchanged."""

from __future__ import annotations

from collections.abc import Mapping

from agentrun.text_normalization.languages import de, en, es, fr, it, nl, pt
from agentrun.text_normalization.vocabulary import Vocabulary

VOCABULARIES: Mapping[str, Vocabulary] = {
    one.code: one
    for one in (
        en.VOCABULARY,
        de.VOCABULARY,
        es.VOCABULARY,
        fr.VOCABULARY,
        it.VOCABULARY,
        nl.VOCABULARY,
        pt.VOCABULARY,
    )
}
