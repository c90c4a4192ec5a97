"""Hand over a run that failed, get back what its prompt did wrong and the improved prompt.

Runs offline by rules; name a model (`model="openai/gpt-5"`) to have it read by one.
"""

from pathlib import Path

import reflector as rf

reflection = rf.reflect_sync(Path(__file__).with_name("failed_run.json"), model="rules")

print("confidence:", reflection.confidence)
for suggestion in reflection.by_priority():
    print(f"- [{suggestion.priority}] {suggestion.description}")
print(reflection.diff())
