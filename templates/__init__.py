"""The CloudFormation templates: stacks wire components, components use constructs; nothing imports upward."""
