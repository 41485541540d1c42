"""Sources, builders, rollout, rollback, recovery: the engine. Runs in a job process of its own."""
