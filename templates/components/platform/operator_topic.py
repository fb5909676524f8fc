"""The operators' topic: every alarm goes there."""

from dataclasses import dataclass

from awacs import sns
from awacs.aws import Allow, ArnLike, Condition, Principal, Statement, StringEquals
from troposphere import Ref, Sub, Template
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from templates.components.platform.key import Key
from templates.config import Config
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow, deny_plain_http, document


@dataclass(frozen=True)
class OperatorTopic:
    """The topic that alarms and failing executions notify."""

    topic: Topic
    key: Key

    @property
    def actions(self) -> list[Ref]:
        """The topic as an alarm's action."""
        return [Ref(self.topic)]

    def publish(self) -> list[Statement]:
        """The grant to notify the operators, for a role of this account."""
        return [
            allow([sns.Publish], [Ref(self.topic)], Sid="NotifyOperators"),
            self.key.encrypt("sns"),
            self.key.decrypt("sns"),
        ]


def add_operator_topic(template: Template, config: Config, *, key: Key) -> OperatorTopic:
    """An encrypted topic that this account's alarms may publish to, and the operator's e-mail if one is given."""
    topic = template.add_resource(
        Topic("OperatorTopic", DisplayName=f"{config.stack_name} operators", KmsMasterKeyId=key.arn)
    )
    template.add_resource(
        TopicPolicy(
            "OperatorTopicPolicy",
            Topics=[Ref(topic)],
            PolicyDocument=document(
                Statement(
                    Sid="AlarmsNotify",
                    Effect=Allow,
                    Principal=Principal("Service", "cloudwatch.amazonaws.com"),
                    Action=[sns.Publish],
                    Resource=[Ref(topic)],
                    Condition=Condition(
                        [
                            StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")}),
                            ArnLike(
                                {
                                    "aws:SourceArn": Sub(
                                        "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"
                                    )
                                }
                            ),
                        ]
                    ),
                ),
                deny_plain_http(sns.Publish, [Ref(topic)]),
            ),
        )
    )
    if config.operators.email:
        template.add_resource(
            SubscriptionResource(
                "OperatorSubscription", TopicArn=Ref(topic), Protocol="email", Endpoint=config.operators.email
            )
        )
    add_outputs(template, ("OperatorTopicArn", Ref(topic), "The topic of every alarm"))
    return OperatorTopic(topic, key)
