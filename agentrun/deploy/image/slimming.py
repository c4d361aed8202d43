"""Removes files that no server loads from installed packages; a step of the image build.

    python -m agentrun.deploy.image.slimming [PACKAGE…]

It works on the packages of the interpreter that runs it, and leaves each PACKAGE whole but for its tests.
It is for an image, which nobody tests or debugs in.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Iterator
from pathlib import Path

from agentrun.deploy.image import bundled, hollow

UNUSED_PARTS = (
    "numpy/distutils",
    "numpy/f2py",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "openai/resources/admin",
    "openai/resources/beta",
    "openai/types/admin",
    "openai/types/beta",
    "pipecat/cli",
    "sqlalchemy/orm",
    "sqlalchemy/testing",
    "twilio/rest",
)
"""What builds or prepares something, beside what runs it; and of libraries what calls and records have no use
for: Twilio's client alone is 22 MB."""
UNUSED_KINDS = frozenset({".a", ".c", ".h", ".proto", ".pxd", ".pxi", ".pyi", ".pyx"})
"""Files that compilers and type checkers read."""
UNUSED_MODULES = ("PIL/_avif", "PIL/_imagingcms", "PIL/_imagingft", "PIL/_imagingtk", "PIL/_webp")
"""Pictures in some formats, and text on them: Pipecat imports Pillow for video, and agents have none."""
_ONNX = Path("onnxruntime", "capi")


def main(whole: Collection[str] = ()) -> None:
    """Slim the packages of this interpreter, but for those in ``whole``, and print by how much."""
    packages = Path(sysconfig.get_path("purelib"))
    before = size(packages)
    slim(packages, whole)
    print(f"{before / 1e6:.0f} MB of packages, {size(packages) / 1e6:.0f} MB without what no server loads")  # noqa: T201


def packages_with_parts() -> set[str]:
    """The packages that lose more than tests: code that imports one of them may want it whole.

    >>> sorted(packages_with_parts())
    ['PIL', 'av', 'numpy', 'onnxruntime', 'openai', 'pipecat', 'sqlalchemy', 'twilio']
    """
    return {part.partition("/")[0] for part in (*UNUSED_PARTS, *UNUSED_MODULES)} | hollow.packages()


def slim(packages: Path, whole: Collection[str] = ()) -> None:
    """Take the tests, tools and second copies of libraries out of ``packages``, and what only debuggers read.

    A library keeps its names for debuggers where there is no `strip`, and encoders of video stay where there
    is no linker. Packages in ``whole`` lose their tests.
    """
    for part in surplus(packages, whole):
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink()
    if shutil.which("strip"):
        for library in _strippable(packages):
            _strip(library)
    if all(map(shutil.which, ("nm", "as", "ld"))):
        for library in hollow.candidates(packages, whole):
            hollow.empty(library)


def surplus(packages: Path, whole: Collection[str] = ()) -> list[Path]:
    """The folders and files of ``packages`` that no server loads, none of them within another.

    Of packages in ``whole`` these are their tests alone, and second copies of libraries.
    """
    names = [one for one in UNUSED_PARTS if one.partition("/")[0] not in whole]
    folders = [*_tests(packages), *(packages / name for name in names if (packages / name).is_dir())]
    modules = [one for name in UNUSED_MODULES for one in packages.glob(f"{name}.*so")]
    modules = [one for one in modules if one.parent.name not in whole]
    files = [
        *modules,
        *bundled.only_for(packages, modules),
        *_second_copies(packages),
        *_for_tools(packages, whole),
    ]
    outer = {
        folder
        for folder in folders
        if not any(folder.is_relative_to(one) for one in folders if one != folder)
    }
    return [*sorted(outer), *(one for one in files if not any(folder in outer for folder in one.parents))]


def size(folder: Path) -> int:
    """The bytes of all files below ``folder``."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _tests(packages: Path) -> list[Path]:
    """Packages' own tests; a folder of that name without any is something else."""
    return [folder for folder in packages.glob("*/**/tests") if any(folder.rglob("test_*.py"))]


def _second_copies(packages: Path) -> list[Path]:
    """ONNX Runtime's library for programs in C, beside its module for Python, which holds it too.

    A module that is linked with the library needs it.
    """
    modules = [path.read_bytes() for path in (packages / _ONNX).glob("onnxruntime_pybind11_state*.so")]
    if not modules or any(b"\0libonnxruntime.so" in module for module in modules):
        return []
    return list((packages / _ONNX).glob("libonnxruntime.so*"))


def _for_tools(packages: Path, whole: Collection[str]) -> Iterator[Path]:
    """Files that compilers and type checkers read, but for a stub that says what a package loads late."""
    kinds = UNUSED_KINDS - ({".pyi"} if (packages / "lazy_loader").is_dir() else set())
    for path in packages.rglob("*.*"):
        if path.suffix in kinds and path.relative_to(packages).parts[0] not in whole and path.is_file():
            yield path


def _strippable(packages: Path) -> Iterator[Path]:
    """Extension modules, but no libraries that a package brings along: `strip` breaks most of those."""
    for library in packages.rglob("*.so"):
        if not library.relative_to(packages).parts[0].endswith(bundled.FOLDERS):
            yield library


def _strip(library: Path) -> None:
    """Take out of ``library`` what only debuggers read, unless it can't be loaded then.

    Modules that were joined with libraries after they were linked are sometimes broken by it. One of another
    machine stays as it is, too.
    """
    slimmed = library.with_name(f"{library.name}.slim")
    strip = ["strip", "--strip-unneeded", "-o", str(slimmed), str(library)]
    for command in (strip, [sys.executable, "-c", hollow.LOAD, str(slimmed)]):
        if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
            slimmed.unlink(missing_ok=True)
            return
    slimmed.chmod(library.stat().st_mode)
    slimmed.replace(library)


if __name__ == "__main__":
    main(sys.argv[1:])
