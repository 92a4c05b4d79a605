"""What the bot does.  Services know ports, never adapters."""
