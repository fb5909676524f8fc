"""The local AWS: templates resolved and deployed into moto, behind one endpoint."""
