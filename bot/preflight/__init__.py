"""The check: every setting is tried for real, and nothing is posted or written."""
