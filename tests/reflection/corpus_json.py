"""Answers as models write them, each with what a reader finds in it. Used by the tests of the parser."""

# ruff: noqa: E501  (a table of answers: one case a line reads better than a wrapped one)

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FIELDS = ("type", "category", "description", "rationale", "priority", "specific_text", "target_section")


@dataclass(frozen=True, slots=True)
class Case:
    """One answer: `expected` holds the fields that matter; an exception's reason instead of a reflection."""

    family: str
    text: str
    expected: dict[str, Any] | None = None
    fails: str | None = None

    @property
    def id(self) -> str:
        return self.family


def suggestion(type: str, category: str, description: str, rationale: str = "", priority: str = "medium",
               specific_text: str | None = None, target_section: str | None = None) -> dict[str, Any]:  # fmt: skip
    return dict(
        zip(
            FIELDS,
            (type, category, description, rationale, priority, specific_text, target_section),
            strict=True,
        )
    )


S1 = suggestion("add", "constraint", "State that every amount carries its currency.", "Step 3 summed euros and dollars.",
                "high", "Always write the currency after an amount, e.g. 12 EUR.", "Output rules")  # fmt: skip
S2 = suggestion("modify", "clarity", "Say what 'recent' means, in days.", "The agent took a year-old report.", "medium",
                "Recent means published within the last 30 days.", None)  # fmt: skip
S3 = suggestion(
    "remove", "structure", "Delete the second greeting.", "It repeats the first one.", "low", None, "Tone"
)
BASE = {
    "analysis": "The agent mixed currencies because the prompt never says which one to report; it also read an old file.",
    "root_causes": ["No unit is required.", "The word recent is open to interpretation."],
    "suggestions": [S1, S2, S3],
    "expected_improvement": "Totals will be comparable, and sources current.",
}
J = json.dumps(BASE)
P = json.dumps(BASE, indent=2)


def variant(**changes: Any) -> dict[str, Any]:
    return {**BASE, **changes}


def only(*suggestions: dict[str, Any]) -> dict[str, Any]:
    return {"suggestions": list(suggestions)}


def cases() -> Iterator[Case]:
    for family, rows in (
        ("clean", _clean()), ("fenced", _fenced()), ("prose", _prose()), ("truncated", _truncated()), ("commas", _commas()),
        ("quotes", _quotes()), ("python", _python()), ("comments", _comments()), ("numbers", _numbers()),
        ("reasoning", _reasoning()), ("drafts", _drafts()), ("wrappers", _wrappers()), ("encoded", _encoded()),
        ("calls", _calls()), ("lines", _lines()), ("keys", _keys()), ("shapes", _shapes()), ("groups", _groups()),
        ("enums", _enums()), ("strings", _strings()), ("missing", _missing()), ("languages", _languages()),
        ("broken", _broken()),
    ):  # fmt: skip
        for row in rows:
            yield Case(family, row[0], row[1])
    for reason, texts in _failures().items():
        for text in texts:
            yield Case("failure", text, fails=reason)


Rows = Iterator[tuple[str, dict[str, Any]]]


def _clean() -> Rows:
    yield J, BASE
    yield P, BASE
    yield f"\n\n  {P}\n", BASE
    yield json.dumps(BASE, indent="\t"), BASE
    yield json.dumps(BASE, separators=(",", ":")), BASE
    yield (
        json.dumps(variant(analysis="Zeile eins.\nZeile zwei: „Zitat“ — ½ ✓", suggestions=[S1])),
        variant(analysis="Zeile eins.\nZeile zwei: „Zitat“ — ½ ✓", suggestions=[S1]),
    )
    yield json.dumps({**BASE, "suggestions": []}), {**BASE, "suggestions": []}
    yield (
        json.dumps({"analysis": "Nothing went wrong that a prompt could change."}),
        {
            "analysis": "Nothing went wrong that a prompt could change.",
            "suggestions": [],
            "root_causes": [],
        },
    )
    inner = suggestion(
        "add", "example", "Show the form.", "It guessed.", "high", 'Answer with {"total": 12, "unit": "EUR"}.'
    )
    yield json.dumps(variant(suggestions=[inner])), variant(suggestions=[inner])
    code = suggestion("add", "example", "Show code.", "r", "low", "```python\nprint('{}')\n```")
    yield json.dumps(variant(suggestions=[code]), indent=1), variant(suggestions=[code])
    yield json.dumps(dict(reversed(BASE.items()))), BASE
    yield json.dumps({**BASE, "confidence": 0.8, "notes": ["x"], "metadata": {"model": "m"}}), BASE


def _fenced() -> Rows:
    for fence in ("```json\n{}\n```", "```\n{}\n```", "```JSON\n{}\n```", "~~~json\n{}\n~~~", "```json5\n{}\n```", "````json\n{}\n````",
                  "```json\n{}", "{}\n```", "  ```json\n  {}\n  ```", "```json {} ```", "``` json\r\n{}\r\n```", "`{}`", "```javascript\nconst r = {};\n```",
                  "```json\n```json\n{}\n```\n```", "'''json\n{}\n'''", "<json>\n{}\n</json>", "<![CDATA[{}]]>", "json\n{}"):  # fmt: skip
        yield fence.replace("{}", P), BASE
    yield "\n".join("> " + line for line in f"```json\n{P}\n```".splitlines()), BASE


def _prose() -> Rows:
    yield f"Here is my analysis of the run:\n\n{P}", BASE
    yield f"{P}\n\nLet me know if you need anything else!", BASE
    yield (
        f"Sure! Below is the reflection.\n```json\n{P}\n```\nThese changes should help. You should add more tests, too.",
        BASE,
    )
    yield f"I looked at steps [1] and [2] (see {{trace}}).\n\n{J}\n\nHope this helps {{user}}!", BASE
    yield f"# Reflection\n\nThe JSON you asked for:\n\n{P}\n\n## Notes\n- keep the tone\n- ship it", BASE
    yield f"JSON: {J}", BASE
    yield f"The set {{a, b}} was empty. Result = {J};", BASE
    yield f'Looking at the tool output {{"total": 3}} I conclude:\n{J}', BASE
    yield f"**Output**\n\n{J}\n\n---\nconfidence: high", BASE
    yield f'Given ["alpha", "beta"] as inputs, here you go:\n{P}', BASE
    yield (
        f'Reflection follows.\n{P}\nExample of the final output format:\n```json\n{{"answer": 3, "unit": "EUR"}}\n```',
        BASE,
    )
    yield f"Répondre en JSON :\n{J}\nFin.", BASE


def _cut(text: str, after: str) -> str:
    return text[: text.index(after) + len(after)]


def _truncated() -> Rows:
    yield (
        _cut(P, '"expected_improvement": "Totals will'),
        {"suggestions": [S1, S2, S3], "analysis": BASE["analysis"]},
    )
    yield (
        _cut(P, "It repeats"),
        only(S1, S2, {**S3, "rationale": "It repeats", "priority": "medium", "target_section": None}),
    )
    yield _cut(P, '"Recent means published'), only(S1, {**S2, "specific_text": None})
    yield _cut(P, '"medium",'), only(S1, {**S2, "specific_text": None})
    yield _cut(P, '"type": "remove"'), only(S1, S2)
    yield _cut(P, '"Say what'), only(S1)
    yield _cut(P, '"Output rules"\n    },'), only(S1)
    yield _cut(P, '"Output rules"\n    }'), only(S1)
    yield P[:-1], BASE
    yield P[:-2], BASE
    yield f"```json\n{P[:-3]}\n```", BASE
    yield f"```json\n{_cut(P, 'old report.')}", only(S1, {**S2, "specific_text": None})
    yield _cut(J, "in days."), only(S1)
    yield _cut(J, "No unit is required."), {"analysis": BASE["analysis"], "suggestions": []}


def _commas() -> Rows:
    yield P.replace("\n    }", ",\n    }"), BASE
    yield P.replace("\n}", ",\n}"), BASE
    yield P.replace("}\n  ]", "},\n  ]"), BASE
    yield P.replace('tation."\n', 'tation.",\n').replace('"\n', '",\n'), BASE
    yield P.replace("},\n    {", "}\n    {"), BASE
    yield P.replace('high",\n', 'high"\n').replace('add",\n', 'add"\n'), BASE
    yield P.replace('required.",\n', 'required."\n'), BASE
    yield P.replace(",\n", ",,\n"), BASE
    yield J.replace('", "', '" "'), BASE
    yield P.replace(",\n", ";\n"), BASE
    yield J.replace("}, {", "} {"), BASE
    yield f"{J},", BASE


def _single(value: Any) -> str:
    """Return `value` with single quotation marks, apostrophes inside left alone."""
    return json.dumps(value, ensure_ascii=False).replace('"', "'")


def _quotes() -> Rows:
    yield _single(BASE), BASE
    yield "```json\n" + _single(BASE).replace("', '", "',\n'") + "\n```", BASE
    curly = json.dumps(BASE, ensure_ascii=False, indent=1)
    out, opened = [], False
    for character in curly:
        if character == '"':
            out.append("”" if opened else "“")
            opened = not opened
        else:
            out.append(character)
    yield "".join(out), BASE
    yield (
        "".join(out).replace("'", "’"),
        variant(suggestions=[S1, {**S2, "description": "Say what ’recent’ means, in days."}, S3]),
    )
    yield curly.replace('"', "“"), BASE
    yield curly.replace('"', "”"), BASE
    yield curly.replace('"', "`"), BASE
    yield (
        J.replace('"type"', "type").replace('"category"', "category").replace('"description"', "description"),
        BASE,
    )
    yield (
        J.replace('"analysis"', "analysis")
        .replace('"root_causes"', "root_causes")
        .replace('"suggestions"', "suggestions"),
        BASE,
    )
    said = suggestion(
        "modify",
        "clarity",
        'Replace "recent" by "from the last 30 days".',
        'It says "recent", "new" and "fresh".',
        "high",
    )
    raw = json.dumps(variant(suggestions=[said]), indent=2)
    yield raw.replace('\\"', '"'), variant(suggestions=[said])
    yield (
        raw.replace('\\"', "“"),
        variant(
            suggestions=[
                {
                    **said,
                    "description": said["description"].replace('"', "“"),
                    "rationale": said["rationale"].replace('"', "“"),
                }
            ]
        ),
    )
    shown = suggestion(
        "add",
        "example",
        "Show the form.",
        "It guessed.",
        "high",
        'Answer like {"total": 12, "unit": "EUR"} and stop.',
        "Form",
    )
    yield (
        json.dumps(variant(suggestions=[shown, S2]), indent=2).replace('\\"', '"'),
        variant(suggestions=[shown, S2]),
    )
    yield (
        P.replace("'recent'", '"recent"'),
        variant(suggestions=[S1, {**S2, "description": 'Say what "recent" means, in days.'}, S3]),
    )
    yield P.replace('e.g. 12 EUR."', "e.g. 12 EUR."), BASE
    yield P.replace('"rationale": "', '"rationale: "'), BASE
    yield P.replace('"priority": "high"', '"priority": high'), BASE
    yield P.replace(": ", " = "), BASE
    yield P.replace('": ', '" => '), BASE
    yield P.replace('": ', '"： ').replace(",\n", "，\n"), BASE


def _python() -> Rows:
    yield repr(BASE), BASE
    yield f"reflection = {BASE!r}", BASE
    yield repr({**BASE, "confidence": None, "done": True}), BASE
    yield repr(BASE).replace("[", "(").replace("]", ")"), BASE
    call = ", ".join(f"{key}={value!r}" for key, value in S1.items())
    yield f"Reflection(analysis={BASE['analysis']!r}, root_causes={BASE['root_causes']!r}, suggestions=[Suggestion({call})])", {
        "analysis": BASE["analysis"], "root_causes": BASE["root_causes"], "suggestions": [S1]}  # fmt: skip
    yield (
        f"dict(analysis='It failed.', suggestions=[dict({call})])",
        {"analysis": "It failed.", "suggestions": [S1]},
    )
    member = call.replace("'add'", "<SuggestionType.ADD: 'add'>").replace("'high'", "<Priority.HIGH: 'high'>")
    yield (
        f"ParsedReflection(analysis='It failed.', suggestions=(Suggestion({member}),), confidence=<Confidence.LOW: 'low'>)",
        only(S1),
    )
    dotted = call.replace("'add'", "SuggestionType.ADD").replace("'high'", "Priority.HIGH")
    yield f"submit(analysis='It failed.', suggestions=[Suggestion({dotted})])", only(S1)
    yield P.replace('"medium"', "'medium'").replace("null", "None"), BASE
    yield P.replace("null", "undefined"), BASE
    yield P.replace("null", "nil"), BASE
    yield (
        P.replace(
            '"Totals will be comparable, and sources current."',
            '("Totals will be comparable, "\n "and sources current.")',
        ),
        BASE,
    )
    yield (
        P.replace(
            '"Totals will be comparable, and sources current."',
            '"Totals will be comparable, " + "and sources current."',
        ),
        BASE,
    )
    yield (
        P.replace(
            '"Totals will be comparable, and sources current."',
            '"""Totals will be comparable, and sources current."""',
        ),
        BASE,
    )
    yield P.replace('"Totals will', 'r"Totals will'), BASE


def _comments() -> Rows:
    yield P.replace('"root_causes"', '// the causes\n  "root_causes"'), BASE
    yield P.replace('"root_causes"', '# the "real" causes, in order\n  "root_causes"'), BASE
    yield P.replace('"root_causes"', '/* causes: {a, b} */ "root_causes"'), BASE
    yield P.replace('"high",', '"high", // because it\'s costly'), BASE
    yield P.replace('"high",', '"high", # most important'), BASE
    yield P.replace("\n    {", "\n    // next one\n    {"), BASE
    yield P.replace('"high"', '"high" /* critical */'), BASE
    yield f"// reflection\n{P}", BASE
    yield f"{P}\n// end", BASE
    yield P.replace('"high",', '"high" (most important),'), BASE
    yield P.replace("\n  ]", "\n    ...\n  ]"), BASE
    link = variant(analysis="See https://example.org/a#b // not a comment, and /* neither */ this.")
    yield json.dumps(link, indent=2).replace("\n}", ",\n}"), link


def _numbers() -> Rows:
    yield J.replace(": null", ": NaN"), BASE
    yield json.dumps({**BASE, "score": float("inf"), "confidence": float("nan")}), BASE
    yield P[:-1].rstrip() + ',\n  "score": .5,\n  "n": +3,\n  "m": 1_000,\n}', BASE
    yield json.dumps({**BASE, "score": 10**30}), BASE
    yield json.dumps(BASE).replace("euros", "\\ud83d").replace("dollars", "\\ud83d\\ude00"), variant(
        suggestions=[{**S1, "rationale": "Step 3 summed \ufffd and 😀."}, S2, S3])  # fmt: skip
    lines = variant(analysis="First line.\n\nSecond line:\t- tabbed")
    yield json.dumps(lines).replace("\\n", "\n").replace("\\t", "\t"), lines
    yield json.dumps(lines, indent=2).replace("\\n", "\n"), lines
    escaped = variant(analysis="Match \\d+ and \\w, cost \\$5, use \\alpha.")
    yield json.dumps(escaped).replace("\\\\", "\\"), escaped
    latex = variant(analysis="It wrote \\frac{1}{2} and \\beta, not \\times.")
    yield json.dumps(latex).replace("\\\\", "\\"), latex
    yield json.dumps(latex), latex
    under = variant(analysis="The field specific_text was empty.")
    yield json.dumps(under).replace("_", "\\_"), under
    yield json.dumps(variant(analysis="It's fine.")).replace("'", "\\'"), {
        **variant(analysis="It's fine.")}  # fmt: skip


def _reasoning() -> Rows:
    draft = json.dumps(
        {"analysis": "draft", "suggestions": [suggestion("add", "clarity", "A draft idea only.", "r")]}
    )
    yield f"<think>Let me see. {{maybe}} add?</think>\n{P}", BASE
    yield f"<think>\n{draft}\n</think>\n\n{P}", BASE
    yield f"<thinking>\nI could write {draft}\n</thinking>\n```json\n{P}\n```", BASE
    yield f"I think {draft} is a start.\n</think>\n{P}", BASE
    yield f"<reasoning>step one</reasoning>\n{J}", BASE
    yield f"<think></think>{J}", BASE
    yield f"<think>\n{P}", BASE
    yield f"[THINK]hm {draft}[/THINK]{J}", BASE
    yield f"◁think▷{draft}◁/think▷{J}", BASE
    yield (
        f"<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{J}<|return|>",
        BASE,
    )
    yield f"<|im_start|>assistant\n{J}<|im_end|>", BASE
    yield f"{J}</s>", BASE
    yield f"<think>a<think>b</think>c {draft}</think>{J}<|eot_id|>", BASE
    tagged = variant(analysis="The prompt asks for <think> and </think> tags, but shows none.")
    yield json.dumps(tagged, indent=2), tagged
    yield f"Here:\n```json\n{json.dumps(tagged, indent=2)}\n```", tagged
    yield f"<think>\nthe user wants JSON\n</think>\n<answer>\n{P}\n</answer>", BASE
    yield f"<think>{J}</think>", BASE


def _drafts() -> Rows:
    draft = json.dumps({**BASE, "analysis": "draft", "suggestions": [S1]}, indent=1)
    better = variant(analysis="The final word on the matter is this.")
    final = json.dumps(better, indent=1)
    yield f"Draft:\n```json\n{draft}\n```\nRevised:\n```json\n{final}\n```", better
    yield f"{draft}\n\nWait, that misses something.\n\n{final}", better
    yield f"First attempt: {json.dumps({'analysis': 'x'})}\nFinal: {J}", BASE
    yield (
        f"Format:\n```json\n{json.dumps({'analysis': '...', 'suggestions': [{'type': 'add|modify|remove|restructure', 'description': '...'}]})}\n```\n{J}",
        BASE,
    )
    yield f"{J}\n{J}", BASE
    yield f'```json\n{J}\n```\n\nThe same, shorter:\n```json\n{{"summary": "currencies"}}\n```', BASE
    head, tail = (
        {k: BASE[k] for k in ("analysis", "root_causes")},
        {k: BASE[k] for k in ("suggestions", "expected_improvement")},
    )
    yield (
        f"## Analysis\n```json\n{json.dumps(head)}\n```\n## Suggestions\n```json\n{json.dumps(tail)}\n```",
        BASE,
    )
    yield f"{json.dumps(head)}\n{json.dumps(tail)}", BASE
    blocks = "\n".join(
        f"Suggestion {n}:\n```json\n{json.dumps(s)}\n```" for n, s in enumerate((S1, S2, S3), 1)
    )
    yield blocks, only(S1, S2, S3)
    yield (
        f"```json\n{json.dumps(head)}\n```\n```json\n{json.dumps(BASE['suggestions'])}\n```",
        {k: BASE[k] for k in ("analysis", "root_causes", "suggestions")},
    )
    yield f"```json\n{P[:-3]}\n```\nOops, cut. Again:\n```json\n{P}\n```", BASE


def _wrappers() -> Rows:
    for key in (
        "reflection",
        "result",
        "data",
        "response",
        "output",
        "answer",
        "final_answer",
        "parsed_reflection",
        "report",
        "json",
        "payload",
    ):
        yield json.dumps({key: BASE}), BASE
    yield json.dumps([BASE]), BASE
    yield json.dumps({"status": "ok", "data": {"result": BASE}}), BASE
    yield json.dumps({"a": {"b": {"c": {"d": BASE}}}}), BASE
    yield json.dumps({"thought": "Let me think about it first.", "reflection": BASE}), BASE
    yield (
        json.dumps(
            {
                "analysis": BASE["analysis"],
                "root_causes": BASE["root_causes"],
                "result": {
                    "suggestions": BASE["suggestions"],
                    "expected_improvement": BASE["expected_improvement"],
                },
            }
        ),
        BASE,
    )
    yield json.dumps({"type": "object", "properties": BASE}), BASE
    yield json.dumps({"role": "assistant", "content": J}), BASE
    yield (
        json.dumps(
            {
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": f"```json\n{P}\n```"},
                        "finish_reason": "stop",
                    }
                ]
            }
        ),
        BASE,
    )
    yield json.dumps({"candidates": [{"content": {"parts": [{"text": J}], "role": "model"}}]}), BASE
    yield json.dumps({"content": [{"type": "text", "text": J}], "role": "assistant"}), BASE
    yield "{" + P + "}", BASE
    yield f"<reflection>{P}</reflection>", BASE
    yield json.dumps({"reflections": [BASE]}), BASE
    yield json.dumps({"reflection": "Suggestions:\n- Add a rule that names the currency.\n- Remove the second greeting."}), {
        "suggestions": [{"type": "add", "description": "Add a rule that names the currency."}, {"type": "remove", "description": "Remove the second greeting."}]}  # fmt: skip
    yield (
        f"<analysis>{BASE['analysis']}</analysis>\n<suggestions>{json.dumps(BASE['suggestions'])}</suggestions>",
        {k: BASE[k] for k in ("analysis", "suggestions")},
    )
    yield (
        f"<function=reflect>\n<parameter=analysis>\n{BASE['analysis']}\n</parameter>\n<parameter=suggestions>\n{json.dumps(BASE['suggestions'])}\n</parameter>\n</function>",
        {k: BASE[k] for k in ("analysis", "suggestions")},
    )
    yield (
        f"## Analysis\n{BASE['analysis']}\n\n## Suggestions\n```json\n{json.dumps(BASE['suggestions'])}\n```",
        {k: BASE[k] for k in ("analysis", "suggestions")},
    )
    yield (
        f"Analysis: {BASE['analysis']}\n\nSuggestions: {json.dumps(BASE['suggestions'])}",
        {k: BASE[k] for k in ("analysis", "suggestions")},
    )


def _encoded() -> Rows:
    yield json.dumps(J), BASE
    yield json.dumps(P), BASE
    yield json.dumps({"reflection": J}), BASE
    yield json.dumps({"output": P}), BASE
    yield json.dumps({**BASE, "suggestions": json.dumps(BASE["suggestions"])}), BASE
    yield json.dumps({**BASE, "suggestions": [json.dumps(s) for s in BASE["suggestions"]]}), BASE
    yield json.dumps(J)[1:-1], BASE
    yield json.dumps(P)[1:-1], BASE
    yield P.replace('"', '\\"'), BASE
    yield json.dumps({"result": json.dumps({"reflection": J})}), BASE
    yield json.dumps({"response": repr(BASE)}), BASE
    yield J.replace('"', "&quot;"), BASE
    yield json.dumps({"content": f"Here it is:\n```json\n{P}\n```\nDone."}), BASE


def _calls() -> Rows:
    yield json.dumps({"name": "submit_reflection", "arguments": BASE}), BASE
    yield json.dumps({"name": "submit_reflection", "arguments": J}), BASE
    yield (
        json.dumps({"function": {"name": "reflect", "arguments": J}, "type": "function", "id": "call_1"}),
        BASE,
    )
    yield (
        json.dumps(
            {"tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": J}}]}
        ),
        BASE,
    )
    yield json.dumps([{"type": "tool_use", "id": "t", "name": "f", "input": BASE}]), BASE
    yield json.dumps({"tool": "reflect", "parameters": BASE}), BASE
    yield json.dumps({"action": "final_answer", "action_input": BASE}), BASE
    yield f"<tool_call>\n{json.dumps({'name': 'f', 'arguments': BASE})}\n</tool_call>", BASE
    yield f"<function_call>{json.dumps({'name': 'f', 'args': BASE})}</function_call>", BASE
    yield (
        json.dumps(
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "f", "arguments": J}}],
            }
        ),
        BASE,
    )
    yield json.dumps([{"name": "add_suggestion", "arguments": s} for s in (S1, S2, S3)]), only(S1, S2, S3)
    yield f"Action: submit\nAction Input: {J}", BASE
    yield f"submit_reflection({J})", BASE
    yield f"[TOOL_CALLS][{json.dumps({'name': 'f', 'arguments': BASE})}]", BASE


def _lines() -> Rows:
    yield "\n".join(json.dumps(s) for s in (S1, S2, S3)), only(S1, S2, S3)
    head = {"analysis": BASE["analysis"], "root_causes": BASE["root_causes"]}
    yield "\n".join(json.dumps(x) for x in (head, S1, S2, S3)), {**head, "suggestions": [S1, S2, S3]}
    yield ",\n".join(json.dumps(s) for s in (S1, S2, S3)), only(S1, S2, S3)
    yield (
        "```jsonl\n" + "\n".join(json.dumps(x) for x in (head, S1, S2)) + "\n```",
        {**head, "suggestions": [S1, S2]},
    )
    yield "\n".join(f"- {json.dumps(s)}" for s in (S1, S2)), only(S1, S2)
    yield "\n".join(f"{n}. {json.dumps(s)}" for n, s in enumerate((S1, S2), 1)), only(S1, S2)
    yield "\n".join(json.dumps({key: value}) for key, value in BASE.items()), BASE
    yield (
        "\n".join(
            json.dumps(x)
            for x in (
                {"type": "analysis", "content": "It mixed currencies."},
                {"type": "suggestion", "data": S1},
                {"type": "suggestion", "data": S2},
            )
        ),
        only(S1, S2),
    )


def _renamed(names: dict[str, str], value: dict[str, Any] = BASE) -> str:
    def walk(item: Any) -> Any:
        if isinstance(item, dict):
            return {names.get(key, key): walk(member) for key, member in item.items()}
        return [walk(member) for member in item] if isinstance(item, list) else item

    return json.dumps(walk(value), ensure_ascii=False)


def _keys() -> Rows:
    yield (
        _renamed(
            {
                "root_causes": "rootCauses",
                "expected_improvement": "expectedImprovement",
                "specific_text": "specificText",
                "target_section": "targetSection",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "analysis": "Analysis",
                "root_causes": "Root Causes",
                "suggestions": "Suggestions",
                "expected_improvement": "Expected Improvement",
                "type": "Type",
                "category": "Category",
                "description": "Description",
                "rationale": "Rationale",
                "priority": "Priority",
                "specific_text": "Specific Text",
                "target_section": "Target Section",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                key: key.upper()
                for key in ("analysis", "root_causes", "suggestions", "expected_improvement", *FIELDS)
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                key: key.replace("_", "-")
                for key in ("root_causes", "expected_improvement", "specific_text", "target_section")
            }
        ),
        BASE,
    )
    yield (
        _renamed({"suggestions": "recommendations", "rationale": "reason", "description": "recommendation"}),
        BASE,
    )
    yield (
        _renamed(
            {
                "suggestions": "improvements",
                "description": "suggestion",
                "rationale": "justification",
                "specific_text": "proposed_text",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "analysis": "diagnosis",
                "root_causes": "causes",
                "suggestions": "proposed_changes",
                "expected_improvement": "expected_impact",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "type": "action",
                "description": "change",
                "rationale": "why",
                "priority": "importance",
                "target_section": "location",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "analysis": "summary",
                "root_causes": "issues",
                "suggestions": "fixes",
                "expected_improvement": "expected_outcome",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "type": "suggestion_type",
                "category": "suggestion_category",
                "description": "desc",
                "rationale": "reasoning",
                "specific_text": "exact_text",
                "target_section": "section",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "suggestions": "edits",
                "type": "operation",
                "category": "area",
                "description": "title",
                "rationale": "explanation",
                "specific_text": "new_text",
                "target_section": "where",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "analysis": "overall_analysis",
                "root_causes": "root_cause_analysis",
                "suggestions": "action_items",
                "priority": "urgency",
                "specific_text": "replacement",
            }
        ),
        BASE,
    )
    yield _renamed({"specific_text": "text", "target_section": "placement"}), BASE
    yield _renamed({"root_causes": "root\\_causes", "suggestions": "suggestions:"}), BASE
    yield (
        _renamed(
            {
                "specific_text": "after",
                "target_section": "before",
                "suggestions": "changes",
                "description": "details",
            }
        ),
        BASE,
    )
    yield (
        _renamed(
            {
                "analysis": "failure_analysis",
                "suggestions": "prompt_improvements",
                "description": "what",
                "category": "focus",
            }
        ).replace('"what"', '"action_item"'),
        BASE,
    )

    yield (
        _renamed(
            {
                "analysis": "what_went_wrong",
                "root_causes": "why",
                "suggestions": "how_to_fix",
                "description": "what",
                "rationale": "because",
                "specific_text": "verbatim",
                "target_section": "anchor",
            }
        ),
        BASE,
    )
    yield _renamed({"type": "k1", "category": "k2", "description": "k3", "rationale": "k4", "priority": "k5", "specific_text": "k6", "target_section": "k7"}), {
        "suggestions": [{k: v for k, v in s.items() if k in ("type", "category", "description", "rationale", "priority")} for s in (S1, S2, S3)]}  # fmt: skip


def _shapes() -> Rows:
    named = {f"suggestion_{n}": s for n, s in enumerate((S1, S2, S3), 1)}
    yield json.dumps({**BASE, "suggestions": named}), BASE
    yield json.dumps({**BASE, "suggestions": {str(n): s for n, s in enumerate((S1, S2, S3))}}), BASE
    rest = {k: v for k, v in BASE.items() if k != "suggestions"}
    yield json.dumps({**rest, **named}), BASE
    yield json.dumps({**BASE, "suggestions": S1}), variant(suggestions=[S1])
    yield json.dumps(BASE["suggestions"]), only(S1, S2, S3)
    yield json.dumps(S1), only(S1)
    yield json.dumps({"suggestions": BASE["suggestions"]}), only(S1, S2, S3)
    yield json.dumps({**BASE, "suggestions": [{"suggestion": s} for s in (S1, S2, S3)]}), BASE
    yield json.dumps({**BASE, "suggestions": {"items": [S1, S2, S3]}}), BASE
    yield json.dumps({**BASE, "suggestions": [[S1, S2], [S3]]}), BASE
    yield json.dumps({**rest, "suggestions": [S1, None, S2, 42, S3]}), BASE
    yield (
        json.dumps({**BASE, "root_causes": "No unit is required."}),
        variant(root_causes=["No unit is required."]),
    )
    yield (
        json.dumps(
            {**BASE, "root_causes": "1. No unit is required.\n2. The word recent is open to interpretation."}
        ),
        BASE,
    )
    yield (
        json.dumps({**BASE, "root_causes": [{"cause": c, "step": 3} for c in BASE["root_causes"]]}),
        {**BASE, "root_causes": None},
    )
    yield (
        json.dumps({**BASE, "root_causes": {"1": BASE["root_causes"][0], "2": BASE["root_causes"][1]}}),
        BASE,
    )
    yield json.dumps({**BASE, "root_causes": [*BASE["root_causes"], None, ""]}), BASE
    yield (
        json.dumps({**BASE, "analysis": ["It mixed currencies.", "It read an old file."]}),
        variant(analysis="It mixed currencies. It read an old file."),
    )
    yield (
        json.dumps(
            {
                **rest,
                "analysis": {"summary": BASE["analysis"], "root_causes": BASE["root_causes"]},
                "root_causes": None,
                "suggestions": [S1],
            }
        ),
        variant(suggestions=[S1]),
    )
    yield (
        json.dumps({**rest, "analysis": {"text": BASE["analysis"]}, "suggestions": [S1]}),
        variant(suggestions=[S1]),
    )
    yield (
        json.dumps({**BASE, "suggestions": [{**S1, "specific_text": ["Line one.", "Line two."]}]}),
        only({**S1, "specific_text": "Line one.\nLine two."}),
    )
    yield (
        json.dumps({**BASE, "suggestions": [{**S1, "specific_text": {"before": "x", "after": "y"}}]}),
        only({**S1, "specific_text": "y"}),
    )
    yield (
        json.dumps({**BASE, "suggestions": [{**S1, "type": ["add"], "category": ["constraint", "clarity"]}]}),
        variant(suggestions=[S1]),
    )
    yield (
        json.dumps({**BASE, "suggestions": [list(s.values())[:5] for s in (S1, S2, S3)]}),
        only(*({**s, "specific_text": None, "target_section": None} for s in (S1, S2, S3))),
    )
    yield (
        json.dumps(
            {
                **BASE,
                "suggestions": [
                    {"add": {k: v for k, v in S1.items() if k != "type"}},
                    {"modify": {k: v for k, v in S2.items() if k != "type"}},
                ],
            }
        ),
        only(S1, S2),
    )
    yield (
        json.dumps(
            {
                **BASE,
                "suggestions": {
                    s["description"]: {k: v for k, v in s.items() if k != "description"} for s in (S1, S2, S3)
                },
            }
        ),
        BASE,
    )
    yield (
        json.dumps({"analysis": "It failed.", "root_causes": ["One."], **S1}),
        {"analysis": "It failed.", "suggestions": [S1]},
    )
    yield (
        json.dumps({**BASE, "expected_improvement": {"accuracy": "+10 %", "cost": "same"}}),
        {**BASE, "expected_improvement": "accuracy: +10 %\ncost: same"},
    )


def _groups() -> Rows:
    def bare(s: dict[str, Any], *without: str) -> dict[str, Any]:
        return {k: v for k, v in s.items() if k not in without}

    rest = {k: v for k, v in BASE.items() if k != "suggestions"}
    yield (
        json.dumps(
            {
                **rest,
                "suggestions": {
                    "high": [bare(S1, "priority")],
                    "medium": [bare(S2, "priority")],
                    "low": [bare(S3, "priority")],
                },
            }
        ),
        BASE,
    )
    yield (
        json.dumps(
            {
                **rest,
                "suggestions": {
                    "High Priority": [bare(S1, "priority")],
                    "Medium Priority": [bare(S2, "priority")],
                    "Low Priority": [bare(S3, "priority")],
                },
            }
        ),
        BASE,
    )
    yield (
        json.dumps({**rest, "suggestions": {s["category"]: [bare(s, "category")] for s in (S1, S2, S3)}}),
        BASE,
    )
    yield json.dumps({**rest, "suggestions": {s["type"]: bare(s, "type") for s in (S1, S2, S3)}}), BASE
    yield (
        json.dumps(
            {
                **rest,
                "high_priority": [bare(S1, "priority")],
                "medium_priority": [bare(S2, "priority")],
                "low_priority": [bare(S3, "priority")],
            }
        ),
        BASE,
    )
    yield (
        json.dumps(
            {
                **rest,
                "additions": [bare(S1, "type")],
                "modifications": [bare(S2, "type")],
                "removals": [bare(S3, "type")],
            }
        ),
        BASE,
    )
    yield (
        json.dumps(
            {
                **rest,
                "suggestions": [
                    {"priority": s["priority"], "suggestions": [bare(s, "priority")]} for s in (S1, S2, S3)
                ],
            }
        ),
        BASE,
    )
    yield (
        json.dumps(
            {
                **rest,
                "suggestions": [
                    {"category": s["category"], "items": [bare(s, "category")]} for s in (S1, S2, S3)
                ],
            }
        ),
        BASE,
    )
    yield (
        json.dumps(
            {
                **rest,
                "suggestions": {
                    "high_priority_suggestions": [bare(S1, "priority")],
                    "low_priority_suggestions": [bare(S3, "priority")],
                },
            }
        ),
        only(S1, S3),
    )
    yield (
        json.dumps(
            {
                **rest,
                "suggestions": {
                    "high": {"constraint": [bare(S1, "priority", "category")]},
                    "low": {"structure": [bare(S3, "priority", "category")]},
                },
            }
        ),
        only(S1, S3),
    )
    yield json.dumps({"analysis": "x", "suggestions": {"clarity": ["Say what 'recent' means, in days."], "example": ["Add one worked example."]}}), {
        "suggestions": [{"category": "clarity", "description": "Say what 'recent' means, in days."}, {"category": "example", "type": "add", "description": "Add one worked example."}]}  # fmt: skip
    yield json.dumps({"analysis": "x", "suggestions": {"add": "Add a rule on units.", "remove": "Remove the greeting."}}), {
        "suggestions": [{"type": "add", "description": "Add a rule on units."}, {"type": "remove", "description": "Remove the greeting."}]}  # fmt: skip
    yield json.dumps({"analysis": "x", "suggestions": {"P1": ["Add a rule on units."], "P3": ["Remove the greeting."]}}), {
        "suggestions": [{"priority": "high", "description": "Add a rule on units."}, {"priority": "low", "description": "Remove the greeting."}]}  # fmt: skip
    yield json.dumps({"analysis": "x", "suggestions": [{"name": "High priority", "items": ["Add a rule on units."]}]}), {
        "suggestions": [{"priority": "high", "description": "Add a rule on units."}]}  # fmt: skip


def _enums() -> Rows:
    for field, pairs in {
        "type": {"ADD": "add", " Modify ": "modify", "Addition": "add", "insert": "add", "include": "add", "delete": "remove", "drop": "remove",
                 "eliminate": "remove", "replace": "modify", "rewrite": "modify", "update": "modify", "rephrase": "modify", "reorganize": "restructure",
                 "reorder": "restructure", "re-structure": "restructure", "SuggestionType.REMOVE": "remove", "modification": "modify", "add_instruction": "add",
                 "Add new constraint": "add", "move": "restructure", "new": "add", "edit": "modify", "refine": "modify", "`add`": "add", "type: add": "add", "split": "restructure"},
        "category": {"CLARITY": "clarity", "constraints": "constraint", "Examples": "example", "few-shot": "example", "format": "structure", "formatting": "structure",
                     "output_format": "structure", "organization": "structure", "logic": "reasoning", "chain-of-thought": "reasoning", "Chain of Thought": "reasoning",
                     "SuggestionCategory.REASONING": "reasoning", "guardrails": "constraint", "specificity": "clarity", "wording": "clarity", "rules": "constraint",
                     "demonstration": "example", "step-by-step": "reasoning", "requirement": "constraint", "layout": "structure", "Clarity & Precision": "clarity"},
        "priority": {"HIGH": "high", "Critical": "high", "urgent": "high", "P0": "high", "P1": "high", "P2": "medium", "P3": "low", "1": "high", "2": "medium", "3": "low",
                     "9/10": "high", "5/10": "medium", "2/10": "low", "★★★★★": "high", "★★☆☆☆": "medium", "★☆☆☆☆": "low", "🔴": "high", "🟡": "medium", "🟢": "low", "🔴 High": "high",
                     "Med": "medium", "moderate": "medium", "minor": "low", "nice to have": "low", "must-have": "high", "High (blocks everything)": "high", "low priority": "low",
                     "priority: high": "high", "very high": "high", "normal": "medium", "optional": "low", "important": "high", "90%": "high"},
    }.items():  # fmt: skip
        for said, meant in pairs.items():
            yield (
                json.dumps(variant(suggestions=[{**S1, field: said}])),
                variant(suggestions=[{**S1, field: meant}]),
            )
    for number, meant in (
        (1, "high"),
        (2, "medium"),
        (3, "low"),
        (0.9, "high"),
        (0.2, "low"),
        (8, "high"),
        (85, "high"),
    ):
        yield (
            json.dumps(variant(suggestions=[{**S1, "priority": number}])),
            variant(suggestions=[{**S1, "priority": meant}]),
        )
    yield (
        json.dumps(variant(suggestions=[{**S1, "type": "constraint", "category": "add"}])),
        variant(suggestions=[S1]),
    )
    yield json.dumps(variant(suggestions=[{**S3, "type": "banana"}])), variant(suggestions=[S3])
    yield (
        json.dumps(variant(suggestions=[{**S1, "priority": "banana"}])),
        variant(suggestions=[{**S1, "priority": "medium"}]),
    )


def _strings() -> Rows:
    three = [
        "Add a rule that names the currency.",
        "Remove the second greeting.",
        "Reorganize the rules by step.",
    ]
    kinds = [
        {"type": t, "description": d} for t, d in zip(("add", "remove", "restructure"), three, strict=True)
    ]
    yield json.dumps(variant(suggestions=three)), {"suggestions": kinds, "analysis": BASE["analysis"]}
    yield (
        json.dumps(variant(suggestions=[f"{n}. {t}" for n, t in enumerate(three, 1)])),
        {"suggestions": kinds},
    )
    yield json.dumps(variant(suggestions="\n".join(f"- {t}" for t in three))), {"suggestions": kinds}
    yield json.dumps(variant(suggestions="Add a rule that names the currency.")), {"suggestions": kinds[:1]}
    yield json.dumps(three), {"suggestions": kinds}
    yield json.dumps(variant(suggestions=[S1, three[1]])), {"suggestions": [S1, kinds[1]]}
    yield json.dumps({"analysis": "x", "recommendations": three}), {"suggestions": kinds}
    yield json.dumps(variant(suggestions=[{"suggestion": t} for t in three])), {"suggestions": kinds}
    yield json.dumps(variant(suggestions=[{"text": t} for t in three])), {"suggestions": kinds}
    yield json.dumps(variant(suggestions=three))[:-30], {"suggestions": kinds}


def _missing() -> Rows:
    for name in ("type", "category", "rationale", "priority", "specific_text", "target_section"):
        less = {k: v for k, v in S1.items() if k != name}
        default = {"type": "add", "category": "constraint", "rationale": "", "priority": "medium"}.get(name)
        expected = {**S1, name: default}
        if name in ("category", "type"):
            expected.pop(name)
        yield json.dumps(variant(suggestions=[less])), variant(suggestions=[expected])
    for name in ("analysis", "root_causes", "expected_improvement"):
        yield (
            json.dumps({k: v for k, v in BASE.items() if k != name}),
            {**BASE, name: [] if name == "root_causes" else ""},
        )
    yield (
        json.dumps({**BASE, "analysis": None, "root_causes": None}),
        {**BASE, "analysis": "", "root_causes": []},
    )
    yield json.dumps(variant(suggestions=[{**S1, "priority": None, "rationale": None, "specific_text": "N/A", "target_section": "null"}])), variant(
        suggestions=[{**S1, "priority": "medium", "rationale": "", "specific_text": None, "target_section": None}])  # fmt: skip
    yield json.dumps(variant(suggestions=[S1, {}, {"type": "add"}, S2])), only(S1, S2)
    yield json.dumps(variant(suggestions=[{k: S1[k] for k in ("type", "category", "specific_text")}])), {
        "suggestions": [{"type": "add", "specific_text": S1["specific_text"]}]}  # fmt: skip


_WORDS = {
    "zh": "分析 根本原因 建议 预期改进 类型 类别 描述 理由 优先级 具体文本 目标部分 | 添加 约束 高 | 修改 清晰度 中 | 删除 结构 低",
    "es": "análisis causas_raíz sugerencias mejora_esperada tipo categoría descripción justificación prioridad texto_específico sección_objetivo | agregar restricción alta | modificar claridad media | eliminar estructura baja",
    "fr": "analyse causes_profondes suggestions amélioration_attendue type catégorie description justification priorité texte_spécifique section_cible | ajouter contrainte haute | modifier clarté moyenne | supprimer structure basse",
    "de": "Analyse Ursachen Vorschläge erwartete_Verbesserung Typ Kategorie Beschreibung Begründung Priorität konkreter_Text Zielabschnitt | hinzufügen Einschränkung hoch | ändern Klarheit mittel | entfernen Struktur niedrig",
    "pt": "análise causas_raiz sugestões melhoria_esperada tipo categoria descrição justificativa prioridade texto_específico seção_alvo | adicionar restrição alta | modificar clareza média | remover estrutura baixa",
    "ru": "анализ коренные_причины предложения ожидаемое_улучшение тип категория описание обоснование приоритет конкретный_текст целевой_раздел | добавить ограничение высокий | изменить ясность средний | удалить структура низкий",
    "ja": "分析 根本原因 提案 期待される改善 種類 カテゴリ 説明 理由 優先度 具体的なテキスト 対象セクション | 追加 制約 高 | 変更 明確さ 中 | 削除 構造 低",
    "ko": "분석 근본원인 제안 기대효과 유형 카테고리 설명 이유 우선순위 구체적텍스트 대상섹션 | 추가 제약 높음 | 수정 명확성 중간 | 삭제 구조 낮음",
    "ar": "التحليل الأسباب_الجذرية الاقتراحات التحسين_المتوقع النوع الفئة الوصف المبرر الأولوية النص_المحدد القسم_المستهدف | إضافة قيد عالية | تعديل وضوح متوسطة | حذف هيكل منخفضة",
    "hi": "विश्लेषण मूल_कारण सुझाव अपेक्षित_सुधार प्रकार श्रेणी विवरण तर्क प्राथमिकता विशिष्ट_पाठ लक्ष्य_अनुभाग | जोड़ना बाधा उच्च | संशोधित स्पष्टता मध्यम | हटाना संरचना निम्न",
    "bn": "বিশ্লেষণ মূল_কারণ পরামর্শ প্রত্যাশিত_উন্নতি ধরন বিভাগ বিবরণ যুক্তি অগ্রাধিকার নির্দিষ্ট_পাঠ্য লক্ষ্য_বিভাগ | যোগ সীমাবদ্ধতা উচ্চ | পরিবর্তন স্পষ্টতা মাঝারি | অপসারণ কাঠামো নিম্ন",
    "ur": "تجزیہ بنیادی_وجوہات تجاویز متوقع_بہتری قسم زمرہ تفصیل جواز ترجیح مخصوص_متن ہدف_سیکشن | شامل پابندی اعلی | تبدیلی وضاحت درمیانی | ہٹانا ساخت کم",
    "id": "analisis akar_penyebab saran peningkatan_yang_diharapkan jenis kategori deskripsi alasan prioritas teks_spesifik bagian_target | tambah batasan tinggi | ubah kejelasan sedang | hapus struktur rendah",
}


def _languages() -> Rows:
    names = ("analysis", "root_causes", "suggestions", "expected_improvement", *FIELDS)
    for words in _WORDS.values():
        keys, *kinds = (part.split() for part in words.split("|"))
        said = [
            {**s, **dict(zip(("type", "category", "priority"), kind, strict=True))}
            for s, kind in zip((S1, S2, S3), kinds, strict=True)
        ]
        yield json.dumps(variant(suggestions=said), ensure_ascii=False), BASE
        yield _renamed(dict(zip(names, keys, strict=True)), variant(suggestions=said)), BASE
        yield (
            "```json\n"
            + _renamed(
                {n: k.replace("_", " ").capitalize() for n, k in zip(names, keys, strict=True)},
                variant(suggestions=said),
            )
            + "\n```",
            BASE,
        )


def _broken() -> Rows:
    yield P.replace("}\n  ],", "}\n  ,"), BASE
    yield P.replace('"Output rules"\n    },', '"Output rules"\n    ,'), BASE
    yield P.replace("\n    },\n", "\n    }},\n", 1), BASE
    yield P.replace('],\n  "suggestions"', '},\n  "suggestions"'), BASE
    yield P.replace("\n  ],\n", "\n  ]],\n", 1), BASE
    yield P[1:], BASE
    yield P[1:-1], BASE
    yield P.lstrip("{\n "), BASE
    yield P.lstrip('{\n "'), BASE
    yield J.removeprefix('{"analysis": "'), BASE
    yield " ".join(f"{key}={value!r}" for key, value in BASE.items()), BASE
    yield P + "}", BASE
    yield P + "\n]", BASE
    yield "{" + P, BASE
    yield P.replace('"analysis": ', '"analysis" '), BASE
    yield P.replace('"type": "add"', '"type" "add"'), BASE
    yield P.replace("null", ""), BASE
    yield P.replace("{", "｛").replace("}", "｝").replace("[", "［").replace("]", "］"), BASE
    yield P.replace('"', "＂"), BASE
    yield "\ufeff" + P, BASE
    yield P.replace("\n", "\u200b\n"), BASE
    yield P.replace("\n  ", "\n\u00a0\u00a0"), BASE
    yield P.replace('"rationale"', '\u200b"rationale"'), BASE
    yield P.replace("\n", "\r\n"), BASE
    yield P.replace('"high"', '"high'), BASE
    yield P.replace('"priority": "high"', '"priority": "high"\n      "extra": 1'), BASE


def _failures() -> dict[str, list[str]]:
    return {
        "empty": ["", "  \n\t ", "\ufeff", "<think>no answer yet</think>", "\x00\x00"],
        "refusal": [
            "I'm sorry, but I can't help with that.",
            "I cannot assist with this request.",
            "As an AI language model, I am unable to analyse this run. You should consult a professional.",
            "Lo siento, pero no puedo ayudar con eso.",
            "很抱歉，我无法协助处理此请求。",
            "I’m sorry, but I can’t comply with that request.",
            "Unfortunately, I am not able to provide an analysis of this conversation.",
            "Es tut mir leid, aber dabei kann ich nicht helfen.",
            json.dumps({"refusal": "I can't help with that."}),
            json.dumps({"response": "I'm sorry, but I can't assist with that request."}),
        ],
        "error_payload": [
            json.dumps({"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}),
            json.dumps({"error": "model overloaded"}),
            json.dumps({"detail": "Not authenticated"}),
            json.dumps({"object": "error", "message": "context too long", "code": 400}),
            "Error code: 429 - {'error': {'message': 'Rate limit', 'type': 'tokens'}}",
            "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
            "Internal Server Error",
            "litellm.RateLimitError: RateLimitError: OpenAIException - quota. You should add credit.",
        ],
        "template_echo": [
            json.dumps({"analysis": "what happened", "root_causes": ["a cause"], "suggestions": [{"type": "add|modify|remove|restructure", "category": "clarity|constraint|example|structure|reasoning", "description": "what to change", "rationale": "why", "priority": "high|medium|low"}]}),
            json.dumps({"type": "object", "properties": {"analysis": {"type": "string"}, "suggestions": {"type": "array", "items": {"type": "object"}}}, "required": ["analysis"]}),
            json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "Reflection", "type": "object", "properties": {"suggestions": {"type": "array"}}}),
            '{"analysis": "...", "root_causes": ["..."], "suggestions": [{"type": "add | modify | remove | restructure", "description": "..."}]}',
        ],
        "no_reflection": ["{}", "[]", "null", "42", "true", '""', '{"answer": 42}', '{"total": 12, "unit": "EUR"}', "[1, 2, 3]",
                          "The weather was mild.", "0.5", '{"a": {"b": {"c": 1}}}', "ok", "{", "[", "}{"],
    }  # fmt: skip
