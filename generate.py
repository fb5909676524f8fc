"""Write the CloudFormation templates of an environment: `python generate.py [--environment dev] [--output build]`.

With `--settings`, write the reference of the environments' files instead: docs/settings.md and a JSON Schema.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from templates.config import ENVIRONMENTS, ConfigError, load, reference
from templates.stacks import STACKS

SETTINGS = Path(__file__).parent / "docs" / "settings.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `<output>/<environment>/<stack>.template.json`; 2 if the configuration or the folder is unusable."""
    parser = argparse.ArgumentParser(description="Write the CloudFormation templates of an environment.")
    parser.add_argument("--environment", default="dev", help="NAME of environments/NAME.toml (default: dev)")
    parser.add_argument(
        "--output", type=Path, default=Path("build"), help="folder to write to (default: build)"
    )
    parser.add_argument(
        "--settings", action="store_true", help="write the reference of settings, and their schema, instead"
    )
    options = parser.parse_args(arguments)
    try:
        paths = write_settings() if options.settings else generate(options.environment, options.output)
        for path in paths:
            print(path)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.output}: cannot be written: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


def generate(environment: str, output: Path) -> list[Path]:
    """Build every stack of the environment, and only when all are built, write them."""
    config = load(environment)
    contents = {name: build(config).to_json(indent=2) + "\n" for name, build in STACKS.items()}
    folder = output / environment
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in contents.items():
        path = folder / f"{name}.template.json"
        path.write_text(content, encoding="utf-8")
        paths.append(path)
    return paths


def write_settings() -> list[Path]:
    """Write the reference of settings for people, and for editors."""
    contents = {SETTINGS: reference.markdown(), ENVIRONMENTS / reference.SCHEMA: reference.schema()}
    for path, content in contents.items():
        path.write_text(content, encoding="utf-8")
    return list(contents)


if __name__ == "__main__":
    sys.exit(main())
