"""Laws are checked without a stopwatch: a busy machine is not a counterexample."""

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
