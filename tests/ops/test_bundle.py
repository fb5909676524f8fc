"""The bundles: what ships, and that it is what runs here."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ops.bundle import SERVICES, Bundle, build_host, build_lambda, digest_of


@pytest.fixture(scope="module")
def shipped() -> tuple[Bundle, Path]:
    """The bundle for Lambda."""
    return build_lambda()


def versions(folder: Path) -> dict[str, str]:
    """Distribution name to version, of everything installed in a folder."""
    names = (re.fullmatch(r"(.+)-([^-]+)\.dist-info", path.name) for path in folder.iterdir())
    return {match[1]: match[2] for match in names if match}


def test_both_bundles_hold_the_same_versions(shipped: tuple[Bundle, Path]) -> None:
    """The versions that run here are those that ship."""
    here = versions(build_host().folder)
    assert here == versions(shipped[0].folder)
    assert "boto3" in here


def test_the_shipped_binaries_are_for_the_functions_runtime(shipped: tuple[Bundle, Path]) -> None:
    """Every compiled module is for arm64, and for CPython 3.13 or its stable ABI."""
    modules = list(shipped[0].folder.rglob("*.so"))
    assert modules
    for module in modules:
        assert module.read_bytes()[18:20] == b"\xb7\x00", (
            f"{module.name} is not for arm64"
        )  # e_machine, AArch64
        assert "cpython-313-aarch64" in module.name or "abi3" in module.name


def test_the_archive_fits_lambda_and_is_in_order(shipped: tuple[Bundle, Path]) -> None:
    """The zip holds each file once, in order, without times of this machine, far below Lambda's 50 MB."""
    folder, archive = shipped[0].folder, shipped[1]
    with zipfile.ZipFile(archive) as zipped:
        names = zipped.namelist()
        assert names == sorted(names)
        assert len(names) == len(set(names))
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert zipped.read("handlers/__init__.py") == (folder / "handlers" / "__init__.py").read_bytes()
    assert archive.stat().st_size < 8_000_000


def test_the_shipped_bundle_names_nothing_of_this_machine(shipped: tuple[Bundle, Path]) -> None:
    """No file is one of pip's notes, a script or bytecode, which differ from machine to machine."""
    names = {path.name for path in shipped[0].folder.rglob("*")}
    assert not names & {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "bin", "__pycache__"}


def _called(folder: Path) -> set[str]:
    """The services that calls of client(…) or connect(…) in a folder name."""
    called = set()
    for source in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name in {"client", "connect", "create_client", "resource"}:
                    called.add(str(node.args[0].value))
    return called


def test_the_models_of_the_services_the_functions_call_are_shipped_and_no_others(
    shipped: tuple[Bundle, Path],
) -> None:
    """The services named in client(…) calls of the handlers and of X-Ray's SDK have their models in the bundle."""
    folder = shipped[0].folder
    handlers, tracing = _called(folder / "handlers"), _called(folder / "aws_xray_sdk")
    assert handlers, "no client(…) call found: the search no longer sees how the handlers make clients"
    assert handlers | tracing == SERVICES
    assert {path.name for path in (folder / "botocore" / "data").iterdir() if path.is_dir()} == SERVICES


def test_a_function_starts_from_its_bundle_alone() -> None:
    """Clients of every service can be made, and tracing be patched in, with nothing else on the path."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import boto3\nfrom aws_xray_sdk.core import patch\npatch(('botocore',))\n"
        "for service in sys.argv[2:]: boto3.client(service, region_name='us-east-1')\n"
        "print(boto3.__file__)"
    )
    folder = build_host().folder
    command = [sys.executable, "-I", "-c", script, str(folder), *sorted(SERVICES)]
    done = subprocess.run(command, env={"HOME": "/nowhere"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(folder))


def test_the_digest_changes_with_every_name_and_content(tmp_path: Path) -> None:
    """Renaming a file, changing it, or moving bytes from one to the next gives another digest."""
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("23")
    first = digest_of(tmp_path)
    (tmp_path / "a").write_text("12")
    (tmp_path / "b").write_text("3")
    moved = digest_of(tmp_path)
    (tmp_path / "b").rename(tmp_path / "c")
    assert len({first, moved, digest_of(tmp_path)}) == 3


def test_a_bundle_that_is_as_it_should_be_is_left_alone() -> None:
    """Building again touches nothing, so a run that has the files open goes on undisturbed."""
    before = build_host().folder.stat()
    after = build_host().folder.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
