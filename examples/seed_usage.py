"""The usage example of the Elixir system that reflector descends from, line by line in Python.

Its last part, the conversation of several turns, belongs to a later version. A function answers instead of a model.
"""

import reflector as rf


def model(messages: list[dict[str, str]]) -> str:
    return """{"analysis": "The prompt asks for steps, but not for a check of the step that failed.",
        "root_causes": ["No step is checked.", "Nothing says what to do after a failed action."],
        "suggestions": [
            {"type": "add", "category": "reasoning", "priority": "high",
             "description": "Ask for a check after each step.", "rationale": "Step 1 failed and the run ended there.",
             "specific_text": "After each step, check its result by putting it into the equation."},
            {"type": "modify", "category": "clarity", "priority": "low",
             "description": "Name the kind of problem.", "rationale": "It sets the method.",
             "target_section": "this math problem", "specific_text": "this algebra problem"}],
        "expected_improvement": "A wrong step is noticed and mended."}"""


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
    model=model,
)

# The suggestions of high priority.
high_priority = [suggestion for suggestion in reflection.suggestions if suggestion.priority == "high"]

for suggestion in high_priority:
    print(f"{suggestion.type} - {suggestion.category}")
    print(f"  Description: {suggestion.description}")
    print(f"  Rationale: {suggestion.rationale}")
    if suggestion.specific_text:
        print(f"  Specific text: {suggestion.specific_text}")
