"""Local stand-ins for Slack and Braintrust, and the demo that sets the real bot between them."""
