"""The usage example of the Elixir system that reflector descends from, line by line in Python.

Its last part, the conversation of several turns, belongs to a later version.
"""

import reflector as rf

# A run, recorded by hand.
trajectory = (
    rf.Trajectory.new()
    .add_step("reasoning", "Attempt 1")
    .add_step("action", "Failed action")
    .complete("failure")
)
analysis = rf.analyze(trajectory)

# A reflection with suggestions.
reflection = rf.reflect_sync(
    analysis,
    prompt="Solve this math problem step by step",
    task="Algebra problem solving",
    verbosity="normal",
    focus_areas=["clarity", "reasoning"],
    model="rules",
)

# The suggestions of high priority.
high_priority = [suggestion for suggestion in reflection.suggestions if suggestion.priority == "high"]

for suggestion in high_priority or reflection.suggestions:
    print(f"{suggestion.type} - {suggestion.category}")
    print(f"  Description: {suggestion.description}")
    print(f"  Rationale: {suggestion.rationale}")
    if suggestion.specific_text:
        print(f"  Specific text: {suggestion.specific_text}")
