"""What the bot says in Slack: pure functions from values to Block Kit messages."""
