"""The demo's page: Slack as people see it, with a window into Braintrust beside it."""
