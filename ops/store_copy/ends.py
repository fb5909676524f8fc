"""The two ends of a copy: a deployment with Timestream, and one with a lake in the same account and region."""

from dataclasses import dataclass

from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.exports.hour import Hour
from handlers.vocabulary import LAKE, TIMESTREAM
from ops import stack
from ops.errors import OperatorError
from ops.stack import Target
from ops.store.port import Store
from ops.store_copy.state import CopyState

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Ends:
    """The deployments that points come from and go to; `database` is the source's, by which copies are told apart."""

    source: Target
    lake: Target
    database: str
    source_store: Store
    lake_store: Store
    bucket: S3ExportBucket

    @property
    def request(self) -> str:
        """The request of all copied points in the lake, as the request id of one that a client sent."""
        return f"copy/{self.database}"

    @property
    def state(self) -> CopyState:
        """The state of the copy."""
        return CopyState(self.bucket, self.database)

    def first_kept(self, now_s: float) -> Hour:
        """The first hour that the lake keeps whole."""
        return Hour.containing(now_s - self.lake.config.store.days_kept * _DAY_S).plus(1)


def find_ends(source: str, lake: str, region: str | None) -> Ends:
    """The ends by their environments; OperatorError if a stack is missing, or its store of the other kind."""
    source_target = stack.find(source, region)
    lake_target = stack.find(lake, source_target.region)
    _expect_kind(source_target, TIMESTREAM, "--from")
    _expect_kind(lake_target, LAKE, "--to")
    return Ends(
        source_target,
        lake_target,
        source_target.output("DatabaseName"),
        source_target.store(),
        lake_target.store(),
        S3ExportBucket(lake_target.client("s3"), lake_target.output("ExportBucketName")),
    )


def _expect_kind(target: Target, wanted: str, option: str) -> None:
    # A stack without it is older than the choice.
    kind = target.outputs().get("StoreKind", TIMESTREAM)
    if kind != wanted:
        raise OperatorError(
            f"{option} takes an environment whose store.kind is {wanted}, and that of {target.stack_name} is {kind}; "
            "history is copied from timestream to lake"
        )
