"""Takes out of installed packages what no server loads; a step of the build of an image.

    python -m agentrun.deploy.image.slimming

It works on the packages of the interpreter that runs it. It is for an image, which nobody tests or debugs in.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

UNUSED_PARTS = (
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
)
"""What prepares models, beside what runs them."""
_ONNX = Path("onnxruntime", "capi")


def main() -> None:
    """Slim the packages of this interpreter, and print by how much."""
    packages = Path(sysconfig.get_path("purelib"))
    before = size(packages)
    slim(packages)
    print(f"{before / 1e6:.0f} MB of packages, {size(packages) / 1e6:.0f} MB without what no server loads")  # noqa: T201


def slim(packages: Path) -> None:
    """Take the tests, tools and second copies of libraries out of ``packages``, and what only debuggers read.

    A library keeps its names for debuggers where there is no `strip`.
    """
    for part in surplus(packages):
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink()
    if shutil.which("strip"):
        for library in _strippable(packages):
            # one that it does not take, such as that of another machine, stays as it is
            subprocess.run(["strip", "--strip-unneeded", str(library)], capture_output=True, check=False)  # noqa: S603, S607


def surplus(packages: Path) -> list[Path]:
    """The folders and files of ``packages`` that no server loads, none of them within another."""
    tests = [folder for folder in _tests(packages) if not any(one.name == "tests" for one in folder.parents)]
    parts = [packages / part for part in UNUSED_PARTS if (packages / part).is_dir()]
    inner = {folder for folder in tests if any(folder.is_relative_to(part) for part in parts)}
    return [*parts, *(folder for folder in tests if folder not in inner), *_second_copies(packages)]


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


def _strippable(packages: Path) -> Iterator[Path]:
    """Extension modules, but for those of packages that bring libraries along.

    These were moved together after they were linked, and `strip` has broken such files.
    """
    patched = {folder.name.removesuffix(".libs").lower() for folder in packages.glob("*.libs")}
    patched |= {"pil"} if "pillow" in patched else set()
    for library in packages.rglob("*.so"):
        top = library.relative_to(packages).parts[0].lower()
        if not top.endswith(".libs") and top not in patched:
            yield library


if __name__ == "__main__":
    main()
