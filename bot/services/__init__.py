"""Services: the acts of the bot.  They know ports, never adapters."""
