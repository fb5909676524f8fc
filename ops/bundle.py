"""Bundles: the functions' code with its dependencies, for Lambda (arm64) and for this machine, from one lock."""

import argparse
import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OperatorError

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
BUILD = ROOT / "build"

# Models of these services are all that the functions call, X-Ray's SDK included, which makes a client of its own when
# it is imported; botocore's others are nine tenths of its size.
SERVICES = frozenset(
    {
        "athena",
        "dynamodb",
        "glue",
        "kinesis",
        "s3",
        "ssm",
        "stepfunctions",
        "timestream-query",
        "timestream-write",
        "xray",
    }
)

_PIP = ("pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps")

# Written by pip for its own use; they name this machine, so they would make two builds of one lock differ.
_PIP_NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})

# Wheels for the function's platform, never built here:
# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
_LAMBDA_PLATFORM = (
    "--platform=manylinux2014_aarch64",
    "--platform=manylinux_2_28_aarch64",
    "--implementation=cp",
    "--python-version=3.13",
    "--only-binary=:all:",
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A built bundle: its folder, and a digest that changes exactly when a file in it does."""

    folder: Path
    digest: str


def build_lambda(build: Path = BUILD) -> tuple[Bundle, Path]:
    """The bundle that ships (arm64, python3.13) and its zip, whose name carries the digest.

    The same lock and handlers give the same digest and, with the same zlib, the same bytes.
    Raises OperatorError when the dependencies cannot be had.
    """
    with _locked(build / "lambda"):
        bundle = _assemble(build / "lambda", ("--no-compile", *_LAMBDA_PLATFORM))
        archive = build / f"functions-{bundle.digest[:16]}.zip"
        if not archive.exists():
            _zip(bundle.folder, archive)
    return bundle, archive


def build_host(build: Path = BUILD) -> Bundle:
    """The same bundle for this machine's Python, and beside it, in `host/runtime`, AWS's runtime client.

    Raises OperatorError when the dependencies cannot be had. Needs no network when the lock has not changed.
    """
    with _locked(build / "host"):
        _install(build / "host" / "runtime", "runtime.txt", ())
        return _assemble(build / "host", ())


def relative(path: Path) -> str:
    """A path as it is typed in the project's folder."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def digest_of(folder: Path) -> str:
    """SHA-256 over the relative path and content of every file, in order of the paths."""
    total = hashlib.sha256()
    for file in _files(folder):
        name = file.relative_to(folder).as_posix().encode()
        content = file.read_bytes()
        total.update(len(name).to_bytes(4, "big") + name + len(content).to_bytes(8, "big") + content)
    return total.hexdigest()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bundle`."""
    parser.add_argument("--target", choices=("lambda", "host"), default="lambda")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.target == "host":
        bundle = build_host()
        print(f"{bundle.folder.relative_to(ROOT)} for this machine, digest {bundle.digest[:16]}")
    else:
        bundle, archive = build_lambda()
        size = archive.stat().st_size / 1e6
        print(f"{archive.relative_to(ROOT)} for arm64 and python3.13, {size:.1f} MB")
    return 0


def _assemble(folder: Path, pip_options: Sequence[str]) -> Bundle:
    dependencies = _install(folder / "dependencies", "lambda.txt", pip_options)
    bundle, stamp = folder / "bundle", folder / "bundle.stamp"
    sources = (
        f"{(folder / 'dependencies.stamp').read_text()} {digest_of(ROOT / 'handlers')} {sorted(SERVICES)}"
    )
    if stamp.exists() and stamp.read_text() == sources and bundle.is_dir():
        # A run that is under way has it open: what is as it should be stays as it is.
        return Bundle(bundle, digest_of(bundle))
    stamp.unlink(missing_ok=True)
    new = folder / "bundle.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(dependencies, new, copy_function=_link_or_copy, ignore=_not_shipped)
    shutil.copytree(ROOT / "handlers", new / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(bundle, ignore_errors=True)
    new.rename(bundle)
    stamp.write_text(sources)
    return Bundle(bundle, digest_of(bundle))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Wait until no other process builds in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(target: Path, lock: str, pip_options: Sequence[str]) -> Path:
    """Install a lock into `target` unless it is there for this lock, these options and this Python."""
    requirements = REQUIREMENTS / lock
    wanted = hashlib.sha256(
        requirements.read_bytes() + repr((pip_options, sys.implementation.cache_tag, sys.platform)).encode()
    ).hexdigest()
    stamp = target.with_name(f"{target.name}.stamp")
    if stamp.exists() and stamp.read_text() == wanted and target.is_dir():
        return target
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    where = (f"--target={target}", f"--requirement={requirements}")
    command = [sys.executable, "-m", *_PIP, *pip_options, *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip failed")
        raise OperatorError(
            f"cannot install requirements/{lock} into {target.name}: {reason}; is the package index in reach?"
        )
    stamp.write_text(wanted)
    return target


def _not_shipped(folder: str, names: list[str]) -> set[str]:
    here = Path(folder)
    if here.name == "data" and here.parent.name == "botocore":
        return {name for name in names if (here / name).is_dir() and name not in SERVICES}
    drop = {name for name in names if name == "bin" and here.name == "dependencies"}
    if here.suffix == ".dist-info":
        drop |= _PIP_NOTES & set(names)
    return drop


def _link_or_copy(source: str, target: str) -> None:
    """Share the dependencies, with the bytecode that makes a cold start quick; hard links take no time."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _files(folder: Path) -> list[Path]:
    return sorted(
        (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts),
        key=lambda path: path.relative_to(folder).as_posix(),
    )


def _zip(folder: Path, archive: Path) -> None:
    partial = archive.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as out:
        for file in _files(folder):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            out.writestr(entry, file.read_bytes(), compresslevel=9)
    partial.rename(archive)
