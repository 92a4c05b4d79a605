"""A local stand-in for Braintrust's API: rows, BTQL, inserts, users, and every fault that a client has to survive."""
