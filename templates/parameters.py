"""The names of the templates' parameters, for the commands that deploy, and values of theirs."""

CODE_BUCKET = "CodeBucket"
CODE_KEY = "CodeKey"
TEMPLATE_URL = "RegionalTemplateUrl"
REGIONS_CHANGE = "RegionsChange"
OWN_BUCKET = "-"
"""The code bucket's value for that of the region's artifacts stack; a StackSet would take an empty one for none."""


def code_key(digest: str) -> str:
    """The key of the functions' code in its bucket, which changes exactly when the code does, and so does the stack."""
    return f"functions/{digest}.zip"
