"""Messages of the bot in Slack: pure functions from values to Block Kit."""
