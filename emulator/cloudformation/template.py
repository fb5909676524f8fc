"""A template read for one region: its parameters, conditions, and the resources that exist, in creation order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from emulator.cloudformation.intrinsics import (
    Path,
    Scope,
    attribute_of,
    function_name,
    sub_parts,
    variables_of,
)
from emulator.cloudformation.parameters import resolve_parameters
from emulator.errors import TemplateError

_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs",
        "Parameters", "Resources",
    }
)  # fmt: skip
_RESOURCE_KEYS = frozenset(
    {"Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy"}
)
_OUTPUT_KEYS = frozenset({"Condition", "Description", "Export", "Value"})


@dataclass(frozen=True, slots=True)
class DeclaredResource:
    """A resource as the template has it, functions unevaluated."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...]


class Template:
    """One template with its parameters decided."""

    def __init__(
        self, body: Mapping[str, Any], parameters: Mapping[str, str], *, pseudo: Mapping[str, Any]
    ) -> None:
        for section in body:
            if section not in _SECTIONS:
                raise TemplateError("the local run does not support this section", at=(section,))
        self._body = body
        self._pseudo = pseudo
        self.parameters = resolve_parameters(body.get("Parameters", {}), parameters)
        self._conditions: dict[str, bool] = {}
        self._evaluating: list[str] = []
        for name in body.get("Conditions", {}):
            self.condition(name, ("Conditions",))
        self.resources = self._ordered(self._existing())

    @property
    def outputs(self) -> dict[str, Any]:
        """The value of each output whose condition holds, functions unevaluated."""
        values = {}
        for name, output in self._body.get("Outputs", {}).items():
            at = ("Outputs", name)
            _refuse_unknown_keys(output, _OUTPUT_KEYS, at)
            if "Value" not in output:
                raise TemplateError("has no Value", at=at)
            if self._holds(output, at):
                values[name] = output["Value"]
        return values

    @property
    def scope(self) -> Scope:
        """The scope of functions before any resource exists."""
        return Scope(
            references=self,
            conditions=self.condition,
            region=self._pseudo["AWS::Region"],
            mappings=self._body.get("Mappings", {}),
        )

    def known(self, name: str) -> Any:
        """The value of a parameter or pseudo parameter; KeyError for anything else."""
        return self._pseudo[name] if name in self._pseudo else self.parameters[name]

    def ref(self, name: str, at: Path) -> Any:
        """Answer Ref where only parameters can be referred to."""
        try:
            return self.known(name)
        except KeyError:
            raise TemplateError(f"there is no parameter {name}", at=at) from None

    def get_att(self, logical_id: str, attribute: str, at: Path) -> Any:
        """Refuse GetAtt where only parameters can be referred to."""
        raise TemplateError(f"{logical_id}.{attribute} cannot be read here", at=at)

    def condition(self, name: str, at: Path) -> bool:
        """True if the condition of this name holds."""
        if name not in self._conditions:
            expression = self._body.get("Conditions", {}).get(name)
            if expression is None:
                raise TemplateError(f"there is no condition {name}", at=at)
            if name in self._evaluating:
                raise TemplateError(
                    f"refers to itself: {' -> '.join([*self._evaluating, name])}", at=("Conditions", name)
                )
            self._evaluating.append(name)
            self._conditions[name] = self.scope.condition(expression, ("Conditions", name))
            self._evaluating.pop()
        return self._conditions[name]

    def _holds(self, element: Mapping[str, Any], at: Path) -> bool:
        return "Condition" not in element or self.condition(element["Condition"], (*at, "Condition"))

    def _existing(self) -> dict[str, DeclaredResource]:
        resources = {}
        for logical_id, resource in self._body.get("Resources", {}).items():
            _refuse_unknown_keys(resource, _RESOURCE_KEYS, (logical_id,))
            if "Type" not in resource:
                raise TemplateError("has no Type", at=(logical_id,))
            if not self._holds(resource, (logical_id,)):
                continue
            depends_on = resource.get("DependsOn", [])
            resources[logical_id] = DeclaredResource(
                logical_id=logical_id,
                type=resource["Type"],
                properties=resource.get("Properties", {}),
                depends_on=(depends_on,) if isinstance(depends_on, str) else tuple(depends_on),
            )
        return resources

    def _ordered(self, existing: Mapping[str, DeclaredResource]) -> dict[str, DeclaredResource]:
        graph = {logical_id: self._needs(resource, existing) for logical_id, resource in existing.items()}
        try:
            return {
                logical_id: existing[logical_id] for logical_id in TopologicalSorter(graph).static_order()
            }
        except CycleError as error:
            raise TemplateError(
                f"resources refer to each other in a circle: {' -> '.join(error.args[1])}"
            ) from error

    def _needs(self, resource: DeclaredResource, existing: Mapping[str, DeclaredResource]) -> list[str]:
        declared = self._body.get("Resources", {})
        needs = []
        for name in resource.depends_on:
            if name not in declared:
                raise TemplateError(f"there is no resource {name}", at=(resource.logical_id, "DependsOn"))
            if name in existing:
                needs.append(name)
        for name, at in self._references(resource.properties, (resource.logical_id,)):
            if name in existing:
                needs.append(name)
            elif name in declared:
                raise TemplateError(f"refers to {name}, whose condition does not hold", at=at)
            elif name not in self.parameters and name not in self._pseudo and name != "AWS::NoValue":
                raise TemplateError(f"there is no resource or parameter {name}", at=at)
        return needs

    def _references(self, value: Any, at: Path) -> Iterator[tuple[str, Path]]:
        """Every name that Ref, GetAtt and Sub refer to, of branches that are taken."""
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._references(item, (*at, str(index)))
            return
        if not isinstance(value, Mapping):
            return
        name = function_name(value)
        if name is None:
            for key, member in value.items():
                yield from self._references(member, (*at, key))
            return
        yield from self._referred(name, value[name], (*at, name))

    def _referred(self, name: str, argument: Any, at: Path) -> Iterator[tuple[str, Path]]:
        if name == "Ref":
            yield argument, at
        elif name == "Fn::GetAtt":
            logical_id, attribute = attribute_of(argument, at)
            yield logical_id, at
            yield from self._references(attribute, at)
        elif name == "Fn::Sub":
            text, own = sub_parts(argument, at)
            yield from self._references(dict(own), at)
            for variable in variables_of(text):
                if variable not in own:
                    yield variable.split(".", 1)[0], at
        elif name == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
            taken = argument[1] if self.condition(argument[0], at) else argument[2]
            yield from self._references(taken, at)
        else:
            yield from self._references(argument, at)


def _refuse_unknown_keys(element: Mapping[str, Any], known: frozenset[str], at: Path) -> None:
    for key in element:
        if key not in known:
            raise TemplateError("the local run does not support this", at=(*at, key))
