"""A stack's outputs, which `ops`, the local run and people look up by their names: each is added by its owner."""

from troposphere import Output, Template


def add_outputs(template: Template, *outputs: tuple[str, object, str]) -> None:
    """Add outputs: name, value and description of each."""
    for name, value, description in outputs:
        template.add_output(Output(name, Value=value, Description=description))
