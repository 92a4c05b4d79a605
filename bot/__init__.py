"""A Slack bot that hands unreviewed Braintrust log rows to human reviewers."""
