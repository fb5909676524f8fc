"""Work groups."""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created
from emulator.moto.work_groups import disable_work_group


def _work_group(context: Context, properties: Properties) -> Created:
    name = properties.text("Name")
    context.client("athena").create_work_group(
        Name=name,
        Configuration=properties.get("WorkGroupConfiguration", {}),
        Description=properties.text("Description", ""),
        **properties.subset("Tags"),
    )
    properties.only("State", "DISABLED", "ENABLED")
    if properties.get("State") == "DISABLED":
        disable_work_group(context.region, name)
    properties.without_effect("RecursiveDeleteOption")  # nothing deletes a work group of the local run
    return Created(name)


HANDLERS = {"AWS::Athena::WorkGroup": _work_group}
