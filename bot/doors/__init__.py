"""The doors: how Slack reaches the bot, by HTTP or by a connection that the bot opens itself."""
