"""Words of texts with spaces and without."""

from __future__ import annotations

import pytest

from agentrun.text_normalization.words import beginning, pieces, seconds

TEXTS = (
    "We are open from nine to six.",
    "营业时间是上午九点到下午六点。我们有停车场。",
    "営業時間は午前九時から午後六時までです。",
    "เราเปิดตั้งแต่เก้าโมงเช้าถึงหกโมงเย็น",
    "영업 시간은 오전 아홉 시부터입니다.",
    "订单 A-42 到了。 Danke!",
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_a_beginning_is_as_long_as_its_share(text: str, share: float) -> None:
    part = beginning(text, share)
    assert text.startswith(part)
    longest = max(map(len, pieces(text)), default=0)
    assert abs(len(part) - share * len(text)) <= 2 * longest
    assert bool(part) == bool(text and share)


@pytest.mark.parametrize("share", [-1.0, 2.0])
def test_a_share_beyond_the_text_is_none_or_all_of_it(share: float) -> None:
    assert beginning("We are  open.", share) == ("We are open." if share > 1 else "")


def test_no_mark_and_no_closing_sign_is_parted_from_its_character() -> None:
    assert pieces("ก้าน้ำ") == ["ก้า", "น้ำ"]
    assert pieces("ちょっと、待って。") == ["ちょっ", "と、", "待っ", "て。"]


def test_characters_that_are_a_syllable_take_longer_than_letters() -> None:
    assert seconds("营业时间是上午九点到下午六点") == pytest.approx(2.8)
    assert seconds("We are open from 9 am to 6 pm.") == pytest.approx(2.0)
