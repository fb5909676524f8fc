"""The forwarder as Lambda calls it for a topic."""

import json
from typing import Any

import pytest

from handlers.alert_forwarder import AlertForwarder, AlertForwarderEnvironment, build
from handlers.domain.alerts.notifications.chat import Post
from handlers.domain.alerts.notifications.forwarding import Reply
from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import Entry, Outbox
from handlers.domain.alerts.notifications.pagerduty import pagerduty_post
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.domain.alerts.rules.selection import group_key
from handlers.domain.alerts.state.alert import SUMMARY_GROUP, Alert
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.notification_body import BODY

KEY = "0123456789abcdef0123456789abcdef"
GROUP_KEY = '["web-1",null]'


class World:
    """The alerts table, the parameter and the service that a forwarder talks to."""

    def __init__(self, *, sequence: int | None = 3, secret: str = KEY, status: int = 202) -> None:
        self.sequence, self.secret, self.status = sequence, secret, status
        self.outbox = Outbox()
        self.keys: list[AlertKey] = []
        self.posts: list[Post] = []
        self.forgotten = 0
        self.table_is_down = False

    def value(self) -> str:
        """The parameter's value."""
        return self.secret

    def forget(self) -> None:
        """Count that it was forgotten."""
        self.forgotten += 1

    def load(self, keys: list[AlertKey]) -> list[Any]:
        """The stored alert, as far as a forwarder looks at it."""
        if self.table_is_down:
            raise TransientError("BatchGetItem: InternalServerError")
        self.keys += keys
        if self.sequence is None:
            return []
        alert = Alert("cpu-hot/cpu.load", ("web-1", None), sequence=self.sequence)
        return [StoredAlert(keys[0], alert, 1, self.outbox)]

    def send(self, post: Post, _: float) -> Reply:
        """Take a post, or not."""
        self.posts.append(post)
        return Reply(self.status, "no_service")

    def forward(self, **changes: Any) -> None:
        """Let the forwarder have a notification, in SNS's event."""
        world: Any = self
        environment = AlertForwarderEnvironment("pagerduty", "/metrics/on-call", "alerts")
        function = AlertForwarder(environment, pagerduty_post, world, world, self.send, sleep=lambda _: None)
        message = json.dumps(BODY | changes)
        function.forward({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]}, 120.0)


def test_a_notification_is_posted_and_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """The log names the notification, and holds nothing of the secret."""
    world = World()
    world.forward()
    [post] = world.posts
    assert post.content["dedup_key"] == BODY["alert_id"]
    assert world.keys == [AlertKey("cpu-hot/cpu.load", GROUP_KEY)]
    line = capsys.readouterr().out
    assert json.loads(line)["posted"] == "pagerduty"
    assert KEY not in line


@pytest.mark.parametrize(
    ("sequence", "state", "posted"),
    [
        (3, "ALARM", True), (4, "ALARM", False), (3, "OK", True), (4, "OK", False), (2, "ALARM", True),
        (None, "ALARM", False), (None, "OK", True),
    ],
)  # fmt: skip
def test_what_a_later_notification_stands_for_is_not_posted(
    sequence: int | None, state: str, posted: bool
) -> None:
    """An alarm that was tried again after its end would open an incident that nobody closes."""
    world = World(sequence=sequence)
    world.forward(state=state)
    assert bool(world.posts) is posted


def test_an_alarm_is_posted_whose_reminders_were_dropped() -> None:
    """Where SNS refuses, or an evaluation makes up for hours, reminders fall due behind an alarm not sent yet."""
    world = World(sequence=5)
    world.outbox = Outbox((Entry(_numbered(3), claimed_at_s=1, confirmed_at_s=1),))
    world.forward()
    assert len(world.posts) == 1


def test_an_alarm_is_not_posted_behind_which_its_end_waits() -> None:
    """The end will be posted, wherever in the outbox it is."""
    world = World(sequence=4)
    world.outbox = Outbox((Entry(_numbered(3), claimed_at_s=1),), _numbered(4))
    world.forward()
    assert not world.posts


def _numbered(sequence: int) -> Notification:
    return Notification("", {**BODY, "sequence": sequence}, {})


def test_a_summary_is_held_against_the_alert_that_it_is_of() -> None:
    """The summary of what a rule's cap held back is an alert of its own, which opens an incident of its own."""
    world = World()
    world.forward(group={}, summary={"alarms": 5, "firing": 2, "groups": []})
    assert world.keys == [AlertKey("cpu-hot/cpu.load", group_key(SUMMARY_GROUP))]
    [post] = world.posts
    assert post.content["event_action"] == "trigger"
    assert "5 more alarms, 2 still fire" in post.content["payload"]["summary"]


def test_it_is_posted_where_nobody_knows_of_a_later_one() -> None:
    """A page beats none."""
    world = World()
    world.table_is_down = True
    world.forward()
    assert len(world.posts) == 1


def test_what_is_not_taken_is_raised_and_the_secret_read_anew(capsys: pytest.CaptureFixture[str]) -> None:
    """So Lambda tries again; the log says why, without the secret."""
    world = World(status=404)
    with pytest.raises(ConfigurationError, match="404 no_service"):
        world.forward()
    assert world.forgotten == 1
    assert json.loads(capsys.readouterr().out)["not_posted"] == "it answered 404 no_service"


def test_a_secret_of_another_form_names_the_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    """And what it should hold, not what it holds."""
    with pytest.raises(ConfigurationError, match="the parameter /metrics/on-call holds something else"):
        World(secret="hunter2").forward()
    assert "hunter2" not in capsys.readouterr().out


def test_a_service_that_there_is_not_ends_the_start() -> None:
    """As every wrong environment does."""
    variables = {"SERVICE": "pager", "SECRET_PARAMETER": "/p", "ALERTS_TABLE": "alerts"}
    with pytest.raises(ConfigurationError, match="SERVICE is none of pagerduty, slack: 'pager'"):
        build(variables, lambda *_, **__: None)
