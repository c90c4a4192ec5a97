"""Runs of agents: their immutable record, where it comes from, and what it shows."""

from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.recorder import Recording, record
from reflector.trajectories.statistics import TrajectoryStatistics
from reflector.trajectories.trajectory import Importance, Outcome, RecordedScore, Step, StepKind, Trajectory

__all__ = [
    "Importance",
    "Outcome",
    "RecordedScore",
    "Recording",
    "Step",
    "StepKind",
    "Trajectory",
    "TrajectoryStatistics",
    "load_trajectories",
    "record",
]
