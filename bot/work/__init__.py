"""The work on plans: claimed under leases, done in turns; and the ticks."""
