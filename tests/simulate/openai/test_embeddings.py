"""Embeddings, asked by OpenAI's own client."""

from __future__ import annotations

from typing import Any

import numpy as np
import openai
import pytest

from tests.simulate.openai.standing import standing

SMALL = "text-embedding-3-small"


async def test_texts_with_words_in_common_lie_near_each_other() -> None:
    texts = ["When do you open today?", "when do you open", "My parcel is lost."]
    async with standing() as it:
        answer = await it.client.embeddings.create(model=SMALL, input=texts)
    question, same, other = (np.array(each.embedding) for each in answer.data)
    assert question @ same > 0.8 > 0.3 > abs(question @ other)
    assert float(question @ question) == pytest.approx(1.0, abs=1e-4)
    assert [each.index for each in answer.data] == [0, 1, 2]
    assert answer.usage.total_tokens > 3


@pytest.mark.parametrize(
    ("model", "wishes", "size"),
    [
        (SMALL, {}, 1536),
        ("text-embedding-3-large", {}, 3072),
        (SMALL, {"dimensions": 256}, 256),
        (SMALL, {"encoding_format": "float"}, 1536),
        (SMALL, {"input": [1, 2, 3]}, 1536),
        (SMALL, {"input": [[1, 2], [3]]}, 1536),
    ],
)
async def test_a_vector_has_the_size_of_its_model_or_the_one_asked_for(
    model: str, wishes: dict[str, Any], size: int
) -> None:
    async with standing() as it:
        answer = await it.client.embeddings.create(**{"model": model, "input": "Hello", **wishes})
    assert {len(each.embedding) for each in answer.data} == {size}


@pytest.mark.parametrize(
    "wishes",
    [
        {"input": ""},
        {"input": []},
        {"input": ["a", ""]},
        {"input": {"text": "a"}},
        {"input": ["a"] * 2049},
        {"dimensions": 0},
        {"dimensions": 1537},
        {"encoding_format": "hex"},
    ],
)
async def test_what_can_not_be_embedded_is_refused(wishes: dict[str, Any]) -> None:
    async with standing() as it:
        with pytest.raises(openai.BadRequestError):
            await it.client.embeddings.create(**{"model": SMALL, "input": "Hello", **wishes})
