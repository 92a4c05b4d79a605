"""Slack behind its ports."""
