"""Replaces a library that agents never use by one whose functions do nothing.

PyAV brings FFmpeg, which is linked with each encoder that it knows. Those of H.265 and AV1 are 28 MB, and no
call calls them; but without a library of that name FFmpeg could not be loaded at all.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

UNCALLED = ("av.libs/libSvtAv1Enc-*.so*", "av.libs/libx265-*.so*")
"""Encoders of video alone, as they are called below the folder of packages."""
LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
"""A program that loads the library it is given, with all that this needs."""
_RETURN_ZERO = {"aarch64": "mov x0, #0; ret", "x86_64": "xor %eax, %eax; ret"}
"""By the machine. FFmpeg asks some of them which pictures they take, and understands none as an answer."""
_FUNCTIONS = "TWi"
"""Kinds of names, as `nm` has them, that can be called."""


def packages() -> set[str]:
    """The packages that lose libraries in this way: code that imports one of them may want it whole.

    >>> packages()
    {'av'}
    """
    return {one.partition(".libs/")[0] for one in UNCALLED}


def candidates(folder: Path, whole: Collection[str] = ()) -> list[Path]:
    """The libraries in ``folder`` that nobody calls, but for those of packages in ``whole``."""
    names = [one for one in UNCALLED if one.partition(".libs/")[0] not in whole]
    return sorted(path for name in names for path in folder.glob(name))


def empty(library: Path) -> bool:
    """Put functions that return zero in the place of ``library``; False where it has to stay as it is.

    It stays where it has more than functions for the libraries beside it, on a machine of another kind, and
    where these can't be loaded with what would take its place. Raises OSError where there is no `nm`, `as`
    or `ld`.
    """
    users = [one for one in library.parent.iterdir() if one != library and _names(one, library)]
    wanted = _used_functions(library, users)
    if not wanted or platform.machine() not in _RETURN_ZERO:
        return False
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        made = Path(scratch, library.name)
        if not _link(made, wanted):
            return False
        made.chmod(library.stat().st_mode)
        kept = library.rename(Path(scratch, "kept"))
        made.rename(library)
        if all(_is_loaded(one) for one in users):
            return True
        kept.replace(library)
    return False


def _names(one: Path, library: Path) -> bool:
    return one.is_file() and b"\0%b\0" % library.name.encode() in one.read_bytes()


def _used_functions(library: Path, users: Collection[Path]) -> set[str]:
    """The functions of ``library`` that ``users`` call; none where they use anything else of it."""
    defined = dict(_symbols(library, "--defined-only"))
    wanted = {name for one in users for name, _ in _symbols(one, "--undefined-only") if name in defined}
    return wanted if all(defined[name] in _FUNCTIONS and "@" not in name for name in wanted) else set()


def _symbols(library: Path, which: str) -> Iterator[tuple[str, str]]:
    """Names that others can use, or that are used of others, and the kind of each."""
    done = subprocess.run(  # noqa: S603
        ["nm", "--dynamic", "--format=posix", which, str(library)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        name, kind, *_ = line.split()
        yield name, kind


def _link(target: Path, functions: Collection[str]) -> bool:
    lines = [f".globl {one}\n.type {one}, %function\n{one}:" for one in sorted(functions)]
    code = ["\t.text", *lines, f"\t{_RETURN_ZERO[platform.machine()]}"]
    text = "\n".join([*code, '.section .note.GNU-stack,"",%progbits', ""])
    made = target.with_name("functions.o")
    commands = (
        ["as", "-o", str(made), "-"],
        ["ld", "-shared", "-s", "-soname", target.name, "-o", str(target), str(made)],
    )
    return not any(
        subprocess.run(one, input=text, text=True, capture_output=True, check=False).returncode  # noqa: S603
        for one in commands
    )


def _is_loaded(library: Path) -> bool:
    command = [sys.executable, "-c", LOAD, str(library)]
    return not subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603
