from __future__ import annotations

import json
import re
from typing import Any

from reflector.reflection.answer_schema import answer_format, answer_schema
from reflector.reflection.prompt_builder import PromptBuilder
from reflector.reflection.suggestion_parser import parse_reflection


def objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in objects(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for item in schema.values() for found in objects(item)]


def test_every_object_is_strict_as_providers_want_it() -> None:
    found = objects(answer_schema())
    assert len(found) == 2
    for each in found:
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", answer_format()["json_schema"]["name"])


def test_it_has_the_fields_that_the_system_prompt_names_in_the_same_order() -> None:
    prompt = PromptBuilder().build_system_prompt()
    sample = json.loads(prompt[prompt.index("{") : prompt.index("\n}\n") + 2])
    schema = answer_schema()
    assert list(schema["properties"]) == list(sample)
    suggestion = schema["properties"]["suggestions"]["items"]["properties"]
    assert list(suggestion) == list(sample["suggestions"][0])
    for name in ("type", "category", "priority"):
        assert suggestion[name]["enum"] == sample["suggestions"][0][name].split("|")


def test_an_answer_that_keeps_to_it_is_read_as_it_stands() -> None:
    suggestion = {
        "type": "add", "category": "clarity", "description": "d", "rationale": "r", "priority": "low",
        "specific_text": None, "target_section": None,
    }  # fmt: skip
    answer = {"analysis": "a", "root_causes": ["c"], "suggestions": [suggestion], "expected_improvement": "e"}
    parsed = parse_reflection(json.dumps(answer), strict=True)
    assert parsed.suggestions[0].model_dump(mode="json") == suggestion
    assert (parsed.analysis, parsed.root_causes, parsed.expected_improvement) == ("a", ("c",), "e")
    assert not parsed.dropped
