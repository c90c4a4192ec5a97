"""Runs of agents: their immutable record, where it comes from, and what it shows."""
