"""Braintrust behind its ports."""
