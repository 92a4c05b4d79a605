"""A strict stand-in for Slack, in memory, on 127.0.0.1: for tests, the demo page and benchmarks."""
