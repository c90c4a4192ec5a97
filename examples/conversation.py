"""Three turns about one failed run: a weak answer, the question that follows from it, and one of your own.

Runs offline: the answers are scripted. Name a model in the place of `answer` to have it read by one.
"""

import json
from pathlib import Path

import reflector as rf

CAUSES = [
    "The prompt does not say that each call of the tool starts anew",
    "Nothing in it says what to do after a time-out",
]


def suggestion(description, text):
    return {
        "type": "add",
        "category": "constraint",
        "description": description,
        "rationale": "Step 3 and what follows show it",
        "priority": "high",
        "specific_text": text,
    }


ANSWERS = iter(
    [
        ("The agent lost its data.", CAUSES[:1], [suggestion("Explain the tool", None)]),
        (
            "Each call of the tool starts a new interpreter, which the prompt does not say.",
            CAUSES,
            [
                suggestion(
                    "Explain that each call starts anew",
                    "Each call starts a new interpreter: load everything again.",
                )
            ],
        ),
        (
            "After the time-out the agent repeated the same call.",
            CAUSES,
            [
                suggestion(
                    "Forbid to repeat what timed out", "Never repeat a call that timed out; make it smaller."
                )
            ],
        ),
    ]
)


def answer(messages):
    analysis, causes, suggestions = next(ANSWERS)
    return json.dumps({"analysis": analysis, "root_causes": causes, "suggestions": suggestions})


reflector = rf.Reflector(answer)
run = Path(__file__).with_name("failed_run.json")

conversation = reflector.start_conversation_sync(run, max_turns=3)
conversation = reflector.continue_conversation_sync(conversation)
print("asked:", conversation.turns[1].question)

# A conversation is a value: save it, and go on tomorrow, somewhere else.
saved = conversation.to_json()
conversation = rf.Conversation.from_json(saved)
conversation = reflector.continue_conversation_sync(conversation, "What did the agent do after the time-out?")

merged = conversation.merged
for suggestion_, turns in zip(merged.suggestions, merged.provenance.suggestion_turns, strict=True):
    print(f"turn {turns}: {suggestion_.description}")
print(merged.diff())

try:
    reflector.continue_conversation_sync(conversation)
except rf.MaxTurnsReachedError as err:
    print("the end:", err.max_turns, "turns")
