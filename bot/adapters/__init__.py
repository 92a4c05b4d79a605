"""The edges: Braintrust, Slack and the database, behind the ports that the services know."""
