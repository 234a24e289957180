"""Real servers of platforms, started by hand, driven by the collectors: opt-in, and not part of ``.ci/run``."""
