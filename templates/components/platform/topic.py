"""Topics: encrypted with the stack's key, TLS only; and the operators' one, where every alarm goes."""

from dataclasses import dataclass

from awacs import sns
from awacs.aws import ArnLike, Condition, Principal, Statement, StringEquals
from troposphere import Ref, Sub, Template
from troposphere.sns import SubscriptionResource, TopicPolicy
from troposphere.sns import Topic as SnsTopic

from templates.components.platform.key import Key
from templates.config import Config
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow, deny_plain_http, document


@dataclass(frozen=True)
class Topic:
    """A topic, and the grant of those that publish to it."""

    resource: SnsTopic
    key: Key

    def publish(self, sid: str) -> list[Statement]:
        """The grant to publish, for a role of this account."""
        return [
            allow([sns.Publish], [Ref(self.resource)], Sid=sid),
            self.key.encrypt("sns"),
            self.key.decrypt("sns"),
        ]


def add_topic(template: Template, title: str, display_name: str, *statements: Statement, key: Key) -> Topic:
    """An encrypted topic, whose policy is these statements and that TLS is a must."""
    topic = template.add_resource(SnsTopic(title, DisplayName=display_name, KmsMasterKeyId=key.arn))
    policy = document(*statements, deny_plain_http(sns.Publish, [Ref(topic)]))
    template.add_resource(TopicPolicy(f"{title}Policy", Topics=[Ref(topic)], PolicyDocument=policy))
    return Topic(topic, key)


def add_operator_topic(template: Template, config: Config, *, key: Key) -> Topic:
    """The topic that this account's alarms may publish to, and the operator's e-mail if one is given."""
    alarms = Sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*")
    ours = [
        StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")}),
        ArnLike({"aws:SourceArn": alarms}),
    ]
    alarms_notify = allow(
        [sns.Publish],
        [Ref("OperatorTopic")],
        Sid="AlarmsNotify",
        Principal=Principal("Service", "cloudwatch.amazonaws.com"),
        Condition=Condition(ours),
    )
    topic = add_topic(template, "OperatorTopic", f"{config.stack_name} operators", alarms_notify, key=key)
    if config.operators.email:
        template.add_resource(
            SubscriptionResource(
                "OperatorSubscription",
                TopicArn=Ref(topic.resource),
                Protocol="email",
                Endpoint=config.operators.email,
            )
        )
    add_outputs(template, ("OperatorTopicArn", Ref(topic.resource), "The topic of every alarm"))
    return topic
