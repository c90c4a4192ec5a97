"""A seeded world to test reflective optimizers in, without a language model."""

from reflector.simulation.clock import SelfMovingClock
from reflector.simulation.environment import Mark, Run
from reflector.simulation.models import Meter, SimulatedModel
from reflector.simulation.rules import Rule
from reflector.simulation.scenario import SCENARIOS, Physics, Scenario, Visibility
from reflector.simulation.tickets import Example, Examples
from reflector.simulation.weather import Faults, Latency
from reflector.simulation.world import World

__all__ = [
    "SCENARIOS", "Example", "Examples", "Faults", "Latency", "Mark", "Meter", "Physics", "Rule", "Run",
    "Scenario", "SelfMovingClock", "SimulatedModel", "Visibility", "World",
]  # fmt: skip
