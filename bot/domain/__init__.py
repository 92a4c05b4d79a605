"""Values and rules.  Pure: no client, clock, environment or randomness; `now` and ids are arguments."""
