"""The local AWS: templates resolved and deployed into moto, behind one endpoint. `cloud.start` starts it."""
