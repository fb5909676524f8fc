"""The file that points a shell at the local run."""

import subprocess
from pathlib import Path

from local import environment_file


def test_a_shell_reads_every_value_back_as_it_was(tmp_path: Path) -> None:
    """Values with quotes, spaces and dollar signs reach a shell unchanged, under the output's name in capitals."""
    hostile = 'a\'b "c" $HOME `date`'
    environment_file.write(
        tmp_path / "build" / "local.env",
        endpoint_url="http://127.0.0.1:4566",
        region="us-east-1",
        ingest_url="http://127.0.0.1:8080/metrics",
        outputs={"QuarantineBucketName": hostile},
    )
    script = f'. {tmp_path}/build/local.env; printf \'%s|%s\' "$TIDEGAUGE_QUARANTINE_BUCKET_NAME" "$AWS_ENDPOINT_URL"'
    shown = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == f"{hostile}|http://127.0.0.1:4566"
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["local.env"]


def test_a_run_that_ends_leaves_another_runs_file(tmp_path: Path) -> None:
    """Of two runs at once, the file is the later one's until that one ends."""
    path = tmp_path / "local.env"
    first, second = "http://127.0.0.1:4566", "http://127.0.0.1:45660"
    for endpoint in (first, second):
        environment_file.write(path, endpoint_url=endpoint, region="us-east-1", ingest_url="", outputs={})
    environment_file.remove(path, endpoint_url=first)
    assert second in path.read_text()
    environment_file.remove(path, endpoint_url=second)
    environment_file.remove(path, endpoint_url=second)
    assert not path.exists()
