"""The platform of a regional stack: key, operators' topic, code and network, which every component stands on."""

from dataclasses import dataclass

from troposphere import Ref, Template

from templates.components.platform.key import Key, add_key
from templates.components.platform.network import add_network
from templates.components.platform.topic import Topic, add_operator_topic
from templates.config import Config
from templates.constructs.runtime import Runtime, add_bundle_parameters


@dataclass(frozen=True)
class Platform:
    """The shared handles of a stack, passed as one."""

    key: Key
    operators: Topic
    runtime: Runtime


def add_platform(template: Template, config: Config) -> Platform:
    """The key, the topic of every alarm, the parameters of the code and, in private mode, the network."""
    code = add_bundle_parameters(template, config)
    key = add_key(template, config)
    operators = add_operator_topic(template, config, key=key)
    network = add_network(template, config, key=key) if config.network.private else None
    warnings = config.operators.alarms == "all"
    runtime = Runtime(
        code, key.arn, config.logs, config.tracing, [Ref(operators.resource)], network, warnings
    )
    return Platform(key, operators, runtime)
