"""Extracts Silero's model for a single sample rate from the file that contains two.

The file holds a graph for each rate behind a condition, and in each of them conditions on the shapes of its
inputs. With one rate and one window at a time none of them is open any more: ONNX Runtime folds them away
when it loads what is left. It answers the same to the last bit (``tests/pipeline/test_silero_graph.py``), at
two thirds of the time.

Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; how a message is written is
told at https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator

CONTEXT = {8_000: 32, 16_000: 64}
"""Samples of the window before, which the model is given again, by rate in Hz."""
WINDOW = {8_000: 256, 16_000: 512}
"""Samples that it judges at a time: 32 ms."""
STATE = (2, 1, 128)

_MODEL_GRAPH = 7
_NODE, _NAME, _INPUT, _OUTPUT = 1, 2, 11, 12
_NODE_TYPE, _NODE_ATTRIBUTE = 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH = 1, 5, 6
_TENSOR_INTEGERS = 7
_FLOAT = 1
_VARINT, _FIXED_64, _COUNTED, _FIXED_32 = 0, 1, 2, 5


def of_rate(model: bytes, rate: int) -> bytes:
    """The ``model`` for sound at ``rate`` Hz: inputs ``input`` and ``state``, no ``sr``.

    Raises ValueError for a model that is not built as Silero's is.
    """
    rest, graph = bytearray(), memoryview(b"")
    for number, whole, content in _fields(memoryview(model)):
        if number == _MODEL_GRAPH:
            graph = content
        else:
            rest += whole
    branch = _branch(graph, rate)
    nodes = b"".join(whole for number, whole, _ in _fields(branch) if number == _NODE)
    outputs = [_only(_fields_of(content, 1)) for content in _fields_of(branch, _OUTPUT)]
    if len(outputs) != 2:
        raise ValueError(f"a branch with {len(outputs)} outputs, where Silero's has 2")
    shapes = ((1, CONTEXT[rate] + WINDOW[rate]), STATE)
    values = [_value(_INPUT, name, shape) for name, shape in zip((b"input", b"state"), shapes, strict=True)]
    values += [_value(_OUTPUT, name, shape) for name, shape in zip(outputs, ((1, 1), STATE), strict=True)]
    return bytes(rest) + _field(_MODEL_GRAPH, nodes, _field(_NAME, b"silero"), *values)


def _branch(graph: memoryview, rate: int) -> memoryview:
    """The graph of ``rate``: the condition compares with the one constant that there is."""
    nodes = _fields_of(graph, _NODE)
    kinds = {bytes(_only(_fields_of(node, _NODE_TYPE))): node for node in nodes}
    if set(kinds) != {b"Constant", b"Equal", b"If", b"Identity"}:
        raise ValueError(f"{sorted(kinds)} in a graph, where Silero's has one condition on its rate")
    value = _only(_fields_of(kinds[b"Constant"], _NODE_ATTRIBUTE))
    constant = _only(_fields_of(_only(_fields_of(value, _ATTRIBUTE_TENSOR)), _TENSOR_INTEGERS))
    wanted = b"then_branch" if _read(constant, 0)[0] == rate else b"else_branch"
    attributes = _fields_of(kinds[b"If"], _NODE_ATTRIBUTE)
    chosen = [each for each in attributes if _fields_of(each, _ATTRIBUTE_NAME) == [wanted]]
    return _only(_fields_of(_only(chosen), _ATTRIBUTE_GRAPH))


def _value(number: int, name: bytes | memoryview, shape: tuple[int, ...]) -> bytes:
    """A ValueInfoProto: a tensor of floats of this ``shape``."""
    sizes = [_field(1, bytes([1 << 3 | _VARINT]) + _varint(size)) for size in shape]
    kind = bytes([1 << 3 | _VARINT, _FLOAT])
    return _field(number, _field(1, name), _field(2, _field(1, kind, _field(2, *sizes))))


def _only(found: list[memoryview]) -> memoryview:
    if len(found) != 1:
        raise ValueError(f"{len(found)} fields where Silero's model has one")
    return found[0]


def _fields_of(message: memoryview, wanted: int) -> list[memoryview]:
    return [content for number, _, content in _fields(message) if number == wanted]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Each field of a message: its number, all of it, and its content where that is counted in bytes.

    Nothing is copied: a model of 2 MB stands in a field in a field.
    """
    place = 0
    while place < len(message):
        begin = place
        key, place = _read(message, place)
        content, kind = message[:0], key & 7
        if kind == _COUNTED:
            size, place = _read(message, place)
            content = message[place : place + size]
            place += size
        elif kind == _VARINT:
            _, place = _read(message, place)
        else:
            place += {_FIXED_64: 8, _FIXED_32: 4}[kind]
        yield key >> 3, message[begin:place], content


def _read(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def _field(number: int, *parts: bytes | memoryview) -> bytes:
    content = b"".join(parts)
    return bytes([number << 3 | _COUNTED]) + _varint(len(content)) + content
