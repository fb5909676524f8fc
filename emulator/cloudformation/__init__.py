"""CloudFormation: templates read, resolved and carried out resource by resource."""
