"""Answers in the styles of several model families, each with what a reader finds in it.

They were written before the parser was run on them, as a check that it knows classes of answers and not only the
answers it was built with.
"""

# ruff: noqa: E501, UP031  (answers as models write them: long lines, full of braces)

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.reflection.corpus_json import Case

A = "The agent cancelled order 8841 before it asked the customer to confirm, because the prompt never orders a confirmation."
C1 = "No confirmation step is demanded before a destructive call."
C2 = "The refund policy is only mentioned, never quoted."
D1 = "Require an explicit yes from the customer before cancel_order is called."
D2 = "Quote the refund policy inside the prompt."
D3 = "Drop the sentence that praises speed."
R1 = "In step 4 the order was cancelled without a question."
R2 = "The agent invented a 60-day window."
T1 = "Before you call cancel_order, ask: 'Shall I cancel it?' and wait for yes."
T2 = "Refunds are possible within 30 days of delivery."


def s(type: str, category: str, description: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "category": category, "description": description, **more}


ONE = s("add", "constraint", D1, rationale=R1, priority="high", specific_text=T1)
TWO = s("modify", "clarity", D2, rationale=R2, priority="medium", specific_text=T2)
THREE = s("remove", "structure", D3, priority="low")
BOTH = {"analysis": A, "root_causes": [C1, C2], "suggestions": [ONE, TWO]}


def cases() -> Iterator[Case]:
    for number, (name, text, expected) in enumerate(_rows()):
        yield Case(f"{number}-{name}", text, expected)


def only(*suggestions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**fields, "suggestions": list(suggestions)}


Rows = Iterator[tuple[str, str, dict[str, Any]]]


def _rows() -> Rows:
    yield from _headers_and_tags()
    yield from _enums()
    yield from _shapes()
    yield from _characters()
    yield from _around()
    yield from _cut()
    yield from _other_syntax()
    yield from _languages()
    yield from _second()


def _headers_and_tags() -> Rows:
    yield (
        "dspy headers",
        f"[[ ## reasoning ## ]]\n{A}\n\n[[ ## root_causes ## ]]\n- {C1}\n- {C2}\n\n[[ ## suggestions ## ]]\n1. {D1}\n2. {D2}\n\n[[ ## completed ## ]]",
        only({"description": D1}, {"description": D2}, analysis=A, root_causes=[C1, C2]),
    )
    yield (
        "dspy headers with JSON in a field",
        f"[[ ## reasoning ## ]]\n{A}\n\n[[ ## suggestions ## ]]\n{json.dumps([ONE, TWO])}\n\n[[ ## completed ## ]]",
        only(ONE, TWO, analysis=A),
    )
    yield (
        "dspy critique and instruction",
        f"[[ ## critique ## ]]\n{A}\n\n[[ ## improved_instruction ## ]]\nYou are a support agent. {T1}\n\n[[ ## completed ## ]]",
        only({"specific_text": f"You are a support agent. {T1}"}, analysis=A),
    )
    yield (
        "toml",
        f'analysis = "{A}"\nroot_causes = ["{C1}", "{C2}"]\n\n[[suggestions]]\ntype = "add"\ncategory = "constraint"\n'
        f'description = "{D1}"\nrationale = "{R1}"\npriority = "high"\n\n[[suggestions]]\ntype = "modify"\ncategory = "clarity"\n'
        f'description = "{D2}"\npriority = "medium"\n',
        only(
            s("add", "constraint", D1, rationale=R1, priority="high"),
            s("modify", "clarity", D2, priority="medium"),
            analysis=A,
            root_causes=[C1, C2],
        ),
    )
    yield (
        "toml in a fence",
        f'```toml\nroot_causes = ["{C1}"]\n\n[[suggestions]]\ntype = "remove"\ncategory = "structure"\ndescription = "{D3}"\npriority = "low"\n```',
        only(THREE, root_causes=[C1]),
    )
    yield (
        "analysis tag before the JSON",
        f"<analysis>\n{A}\n</analysis>\n<answer>\n{json.dumps({'suggestions': [ONE]})}\n</answer>",
        only(ONE, analysis=A),
    )
    yield (
        "thoughts as a section",
        f"<thoughts>\n{A}\n</thoughts>\n\n<suggestions>\n- {D1}\n- {D2}\n</suggestions>",
        only({"description": D1}, {"description": D2}, analysis=A),
    )
    yield (
        "reasoning as a section, JSON list below",
        f"<reasoning>{A}</reasoning>\n<suggestions>{json.dumps([ONE, TWO], indent=1)}</suggestions>",
        only(ONE, TWO, analysis=A),
    )
    yield (
        "deepseek think with a draft",
        f"<think>\nOkay, the user wants JSON. Let me draft: {json.dumps({'suggestions': [{'description': 'A first idea.'}]})}\nHmm, better name the tool.\n</think>\n\n```json\n{json.dumps(BOTH, indent=2)}\n```",
        BOTH,
    )
    yield (
        "qwen closing tag only",
        f"We need to output JSON with suggestions.\n1. confirmation\n2. policy\n</think>\n\n{json.dumps(BOTH, indent=4)}",
        BOTH,
    )
    yield (
        "answer tag, JSON with trailing comma",
        "<answer>" + json.dumps(BOTH, indent=2)[:-2] + ",\n}</answer>",
        BOTH,
    )
    yield (
        "xml around JSON fields",
        f"<reflection><analysis>{A}</analysis><suggestions>{json.dumps([TWO])}</suggestions></reflection>",
        only(TWO, analysis=A),
    )


def _enums() -> Rows:
    def enum(
        type: str, category: Any, priority: Any, as_type: str, as_category: str, as_priority: str
    ) -> tuple[str, dict[str, Any]]:
        item = {"type": type, "category": category, "description": D2, "priority": priority}
        return json.dumps(only(item)), only(s(as_type, as_category, D2, priority=as_priority))

    for said, meant in (
        (("Add/Modify", "Clarity", "High"), ("add", "clarity", "high")),
        (("addition", "Constraint & Clarity", "P1"), ("add", "constraint", "high")),
        (("rewrite", "Instruction Clarity", "8/10"), ("modify", "clarity", "high")),
        (("ADD_CONSTRAINT", "guardrails", 3), ("add", "constraint", "low")),
        (("Deletion", "prompt structure", "nice-to-have"), ("remove", "structure", "low")),
        (("Re-order sections", "Formatting", "Medium-High"), ("restructure", "structure", "medium")),
        (("new_instruction", "few-shot examples", "critical (blocks all runs)"), ("add", "example", "high")),
        (("prompt_edit", "Chain of Thought", "★★★★★"), ("modify", "reasoning", "high")),
        (
            ("modify (strengthen)", ["constraint", "clarity"], "Priority: low"),
            ("modify", "constraint", "low"),
        ),
        (("➕ Add", "🧠 Reasoning", "🔴 High"), ("add", "reasoning", "high")),
        (("clarify", "error handling", "must-have"), ("modify", "constraint", "high")),
        (("REPLACE", "output format", {"level": "high", "score": 9}), ("modify", "structure", "high")),
        (("append", "step-by-step reasoning", "2 (medium)"), ("add", "reasoning", "medium")),
        (("Suggestion: remove", "Constraints/Rules", "lowest"), ("remove", "constraint", "low")),
    ):
        yield (f"enum {said[0]} {said[1]} {said[2]}", *enum(*said, *meant))


def _shapes() -> Rows:
    yield (
        "nested suggestion object",
        json.dumps(
            {
                "analysis": A,
                "improvements": [
                    {"type": "add", "category": "constraint", "suggestion": {"text": D1}, "priority": "high"}
                ],
            }
        ),
        only(s("add", "constraint", D1, priority="high"), analysis=A),
    )
    yield (
        "nested details",
        json.dumps(
            {
                "analysis": A,
                "recommendations": [
                    {
                        "title": "Confirmation",
                        "details": {
                            "type": "add",
                            "category": "constraint",
                            "description": D1,
                            "specific_text": T1,
                        },
                        "priority": "high",
                    }
                ],
            }
        ),
        only(s("add", "constraint", D1, specific_text=T1, priority="high"), analysis=A),
    )
    yield (
        "changes with old and new",
        json.dumps({"diagnosis": A, "changes": [{"original": "Be fast.", "replacement": T2, "reason": R2}]}),
        only(
            {"type": "modify", "specific_text": T2, "rationale": R2, "target_section": "Be fast."}, analysis=A
        ),
    )
    yield (
        "edits with find and replace",
        json.dumps({"edits": [{"find": "Be fast.", "replace": T2, "explanation": R2}]}),
        only({"type": "modify", "specific_text": T2, "target_section": "Be fast.", "rationale": R2}),
    )
    yield (
        "before and after with a description",
        json.dumps({"changes": [{"change": D2, "before": "Follow the policy.", "after": T2, "why": R2}]}),
        only(
            {"description": D2, "specific_text": T2, "target_section": "Follow the policy.", "rationale": R2}
        ),
    )
    yield (
        "list of lists",
        json.dumps(
            {
                "analysis": A,
                "suggestions": [
                    ["add", "constraint", D1, R1, "high"],
                    ["modify", "clarity", D2, R2, "medium"],
                ],
            }
        ),
        only(
            s("add", "constraint", D1, rationale=R1, priority="high"),
            s("modify", "clarity", D2, rationale=R2, priority="medium"),
            analysis=A,
        ),
    )
    yield (
        "numbered keys",
        json.dumps({"analysis": A, "suggestions": {"1": ONE, "2": TWO}}),
        only(ONE, TWO, analysis=A),
    )
    yield (
        "suggestion keys",
        json.dumps({"root_cause": C1, "suggestion_1": ONE, "suggestion_2": TWO}),
        only(ONE, TWO, root_causes=[C1]),
    )
    yield (
        "each item wrapped",
        json.dumps({"analysis": A, "suggestions": [{"suggestion": ONE}, {"suggestion": TWO}]}),
        only(ONE, TWO, analysis=A),
    )
    yield (
        "grouped by category",
        json.dumps({"analysis": A, "suggestions": {"constraint": [D1], "clarity": [D2]}}),
        only(
            {"category": "constraint", "description": D1},
            {"category": "clarity", "description": D2},
            analysis=A,
        ),
    )
    yield (
        "two objects",
        f"First the analysis:\n```json\n{json.dumps({'analysis': A, 'root_causes': [C1]}, indent=2)}\n```\nNow the suggestions:\n```json\n{json.dumps({'suggestions': [ONE, TWO]}, indent=2)}\n```",
        only(ONE, TWO, analysis=A, root_causes=[C1]),
    )
    yield (
        "reflection wrapper with a nested analysis",
        json.dumps(
            {
                "reflection": {
                    "analysis": {"summary": A, "root_causes": [C1, C2]},
                    "prompt_improvements": [ONE],
                }
            }
        ),
        only(ONE, analysis=A, root_causes=[C1, C2]),
    )
    yield (
        "improvement and improved prompt",
        json.dumps(
            {"what_went_wrong": A, "fixes": [D1, D2], "improved_prompt": f"You are a support agent. {T1}"}
        ),
        only({"description": D1}, {"description": D2}, analysis=A),
    )
    yield (
        "only an improved prompt",
        json.dumps({"analysis": A, "improved_prompt": f"You are a support agent. {T1}"}),
        only({"specific_text": f"You are a support agent. {T1}"}, analysis=A),
    )
    yield (
        "root causes as objects",
        json.dumps(
            {
                "analysis": A,
                "root_causes": [
                    {"cause": C1, "evidence": "step 4", "severity": "high"},
                    {"cause": C2, "evidence": "step 6"},
                ],
                "suggestions": [ONE],
            }
        ),
        only(ONE, analysis=A),
    )
    yield (
        "jsonl of suggestions",
        "\n".join(json.dumps(item) for item in (ONE, TWO, THREE)),
        only(ONE, TWO, THREE),
    )
    yield (
        "a bare list in a fence",
        f"```json\n{json.dumps([ONE, TWO], indent=2)}\n```",
        only(ONE, TWO),
    )
    yield (
        "issues with a fix each",
        json.dumps(
            {
                "issues": [
                    {"issue": C1, "fix": D1, "severity": "high"},
                    {"issue": C2, "fix": D2, "severity": "low"},
                ]
            }
        ),
        only({"description": D1, "priority": "high"}, {"description": D2, "priority": "low"}),
    )
    yield (
        "problems and suggestions, other keys between",
        json.dumps(
            {
                "task_id": "t-81",
                "score": 0.2,
                "strengths": ["It was polite to the customer."],
                "weaknesses": [C1, C2],
                "suggestions": [ONE],
            }
        ),
        only(ONE, root_causes=[C1, C2]),
    )


def _characters() -> Rows:
    pretty = json.dumps(BOTH, indent=2)
    yield (
        "markdown inside strings",
        json.dumps(
            {
                "analysis": f"**Summary:** {A}\n\n- point one\n- point two",
                "suggestions": [
                    {**ONE, "specific_text": '## Rules\n1. Ask first.\n```json\n{"ok": true}\n```'}
                ],
            }
        ),
        only(
            {**ONE, "specific_text": '## Rules\n1. Ask first.\n```json\n{"ok": true}\n```'},
            analysis=f"**Summary:** {A}\n\n- point one\n- point two",
        ),
    )
    yield (
        "raw newlines in specific_text",
        '{"analysis": "%s", "suggestions": [{"type": "add", "category": "constraint", "description": "%s", "specific_text": "Rules:\n1. Ask first.\n2. Wait for yes.\n", "priority": "high"}]}'
        % (A, D1),
        only(
            s(
                "add",
                "constraint",
                D1,
                priority="high",
                specific_text="Rules:\n1. Ask first.\n2. Wait for yes.\n",
            ),
            analysis=A,
        ),
    )
    yield (
        "inner quotes in specific_text",
        '{"suggestions": [{"type": "add", "category": "constraint", "description": "Ask first.", "specific_text": "Say "Shall I cancel it?", then wait for "yes".", "priority": "high"}]}',
        only(
            s(
                "add",
                "constraint",
                "Ask first.",
                priority="high",
                specific_text='Say "Shall I cancel it?", then wait for "yes".',
            )
        ),
    )
    yield (
        "inner quotes and newlines together",
        '{\n  "analysis": "The agent wrote "done" without a check.",\n  "suggestions": [\n    {\n      "type": "add",\n      "category": "constraint",\n      "description": "Never write "done" unchecked.",\n      "specific_text": "Write "done" only when:\n- the test ran\n- it passed",\n      "priority": "high"\n    }\n  ]\n}',
        only(
            s(
                "add",
                "constraint",
                'Never write "done" unchecked.',
                priority="high",
                specific_text='Write "done" only when:\n- the test ran\n- it passed',
            ),
            analysis='The agent wrote "done" without a check.',
        ),
    )
    yield (
        "comments between members",
        pretty.replace('  "suggestions"', '  // most important first\n  "suggestions"').replace(
            '"priority": "high",', '"priority": "high", # blocks everything\n'
        ),
        BOTH,
    )
    yield (
        "single quotes with apostrophes",
        "{'analysis': 'The agent didn't ask, and the customer's order was lost.', 'root_causes': ['It wasn't told to ask.'], 'suggestions': [{'type': 'add', 'category': 'constraint', 'description': 'Don't cancel unasked.', 'priority': 'high'}]}",
        only(
            s("add", "constraint", "Don't cancel unasked.", priority="high"),
            analysis="The agent didn't ask, and the customer's order was lost.",
            root_causes=["It wasn't told to ask."],
        ),
    )
    yield "python dict", f"reflection = {BOTH!r}", BOTH
    yield (
        "json5",
        "// reflection\n{\n  analysis: '%s',\n  rootCauses: ['%s',],\n  suggestions: [\n    {type: 'add', category: 'constraint', description: \"%s\", priority: 'high',},\n  ],\n}"
        % (A, C1, D1),
        only(s("add", "constraint", D1, priority="high"), analysis=A, root_causes=[C1]),
    )
    yield "byte order mark", "\ufeff" + pretty, BOTH
    yield "html entities", json.dumps(only(ONE), indent=1).replace('"', "&quot;"), only(ONE)
    yield (
        "full-width punctuation",
        "｛“analysis”：“%s”，“root_causes”：［“%s”］，“suggestions”：［｛“type”：“add”，“category”：“constraint”，“description”：“%s”，“priority”：“high”｝］｝"
        % (A, C1, D1),
        only(s("add", "constraint", D1, priority="high"), analysis=A, root_causes=[C1]),
    )
    yield (
        "backticks as quotes around text",
        '{"analysis": `%s`, "suggestions": [{"type": "add", "category": "constraint", "description": "%s", "specific_text": `Rules:\n- ask "yes or no"\n`}]}'
        % (A, D1),
        only(s("add", "constraint", D1, specific_text='Rules:\n- ask "yes or no"\n'), analysis=A),
    )
    yield "escaped underscores", pretty.replace("_", "\\_"), BOTH
    yield (
        "missing commas between lines",
        pretty.replace('",\n', '"\n'),
        BOTH,
    )
    yield (
        "python None and True",
        pretty.replace('"medium",', 'None, "done": True,'),
        only(ONE, {**TWO, "priority": "medium"}, analysis=A),
    )


def _around() -> Rows:
    pretty = json.dumps(BOTH, indent=2)
    yield (
        "gpt small talk",
        f"Certainly! Here's a structured reflection on the failed run:\n\n```json\n{pretty}\n```\n\n**Why this matters:** asking first avoids irreversible actions. Would you like me to rewrite the whole prompt?",
        BOTH,
    )
    yield (
        "small model repeats itself",
        f"{json.dumps(BOTH)}\n\n{json.dumps(BOTH)}\n\n{json.dumps(BOTH)[:150]}",
        BOTH,
    )
    yield (
        "llama header tokens",
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{pretty}<|eot_id|>",
        BOTH,
    )
    yield "mistral", f"[INST] Reflect. [/INST] {pretty}</s>", BOTH
    yield (
        "harmony",
        f"<|channel|>analysis<|message|>We must answer in JSON.<|end|><|start|>assistant<|channel|>final<|message|>{pretty}<|return|>",
        BOTH,
    )
    yield (
        "tool call",
        json.dumps(
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "submit_reflection", "arguments": json.dumps(BOTH)},
            }
        ),
        BOTH,
    )
    yield (
        "schema repeated, then the answer",
        'The schema is {"analysis": "string", "suggestions": [{"type": "add|modify|remove|restructure", "description": "string"}]}.\n\n'
        + pretty,
        BOTH,
    )
    yield (
        "analysis in prose, JSON list of suggestions",
        f"## Analysis\n{A}\n\n## Suggestions\n```json\n{json.dumps([ONE, TWO], indent=2)}\n```",
        only(ONE, TWO, analysis=A),
    )
    yield (
        "each suggestion in its own fence",
        f"### 1\n```json\n{json.dumps(ONE, indent=2)}\n```\n### 2\n```json\n{json.dumps(TWO, indent=2)}\n```",
        only(ONE, TWO),
    )
    yield (
        "quoted tool output with JSON, then a text answer",
        f'The tool said `{{"status": "cancelled", "id": 8841}}`.\n\n## Suggestions\n- {D1}\n- {D2}\n',
        only({"description": D1}, {"description": D2}),
    )


def _cut() -> Rows:
    pretty = json.dumps(BOTH, indent=2)

    def upto(mark: str) -> str:
        return pretty[: pretty.index(mark) + len(mark)]

    yield "cut in the key", upto(D2) + '",\n      "ratio', only(ONE, {"description": D2}, analysis=A)
    yield (
        "cut behind a colon",
        upto(D2) + '",\n      "rationale":',
        only(ONE, {"description": D2}, analysis=A),
    )
    yield (
        "cut in a word of an enum",
        upto(R2) + '",\n      "priority": "med',
        only(ONE, {"description": D2, "priority": "medium"}, analysis=A),
    )
    yield (
        "cut in an escape",
        upto(R2) + '",\n      "specific_text": "Refunds \\',
        only(ONE, {"description": D2, "specific_text": None}, analysis=A),
    )
    yield (
        "cut, and the fence closed",
        "```json\n" + upto(R2) + '"\n```',
        only(ONE, {"description": D2}, analysis=A),
    )
    yield (
        "cut in the causes",
        upto("only ment"),
        {"analysis": A, "root_causes": [C1, "The refund policy is only ment"], "suggestions": []},
    )
    yield (
        "omitted rest",
        upto(D2) + '"\n    },\n    ... (3 more)\n  ]\n}',
        only(ONE, {"description": D2}, analysis=A),
    )


def _other_syntax() -> Rows:
    yield (
        "yaml",
        f"analysis: >\n  {A}\nroot_causes:\n  - {C1}\n  - {C2}\nsuggestions:\n  - type: add\n    category: constraint\n    description: {D1}\n    priority: high\n  - type: modify\n    category: clarity\n    description: {D2}\n    priority: medium\n",
        only(
            s("add", "constraint", D1, priority="high"),
            s("modify", "clarity", D2, priority="medium"),
            analysis=A,
            root_causes=[C1, C2],
        ),
    )
    yield (
        "pydantic repr",
        f"Reflection(analysis={A!r}, root_causes=[{C1!r}], suggestions=[Suggestion(type=<SuggestionType.ADD: 'add'>, category=<SuggestionCategory.CONSTRAINT: 'constraint'>, description={D1!r}, rationale={R1!r}, priority=<Priority.HIGH: 'high'>, specific_text=None)])",
        only(
            s("add", "constraint", D1, rationale=R1, priority="high", specific_text=None),
            analysis=A,
            root_causes=[C1],
        ),
    )
    yield (
        "double encoded",
        json.dumps(json.dumps(BOTH)),
        BOTH,
    )
    yield (
        "keys without braces",
        f'"analysis": "{A}",\n"suggestions": [{json.dumps(ONE)}]',
        only(ONE, analysis=A),
    )


def _languages() -> Rows:
    yield (
        "chinese",
        '{"分析"："代理在未确认的情况下取消了订单。"，"根本原因"：["提示词没有要求确认。"]，"建议"：[{"类型"："添加"，"类别"："约束"，"描述"："取消前必须征得客户同意。"，"理由"："第4步未询问。"，"优先级"："高"}]}',
        only(
            s("add", "constraint", "取消前必须征得客户同意。", rationale="第4步未询问。", priority="high"),
            analysis="代理在未确认的情况下取消了订单。",
            root_causes=["提示词没有要求确认。"],
        ),
    )
    yield (
        "japanese",
        json.dumps(
            {
                "分析": "確認せずに注文を取り消しました。",
                "根本原因": ["確認の指示がありません。"],
                "改善提案": [
                    {
                        "種類": "修正",
                        "カテゴリ": "明確さ",
                        "説明": "取り消す前に必ず確認すると明記する。",
                        "優先度": "中",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("modify", "clarity", "取り消す前に必ず確認すると明記する。", priority="medium"),
            analysis="確認せずに注文を取り消しました。",
            root_causes=["確認の指示がありません。"],
        ),
    )
    yield (
        "german",
        json.dumps(
            {
                "Analyse": "Der Agent stornierte ohne Rückfrage.",
                "Ursachen": ["Keine Bestätigung verlangt."],
                "Vorschläge": [
                    {
                        "Typ": "Hinzufügen",
                        "Kategorie": "Einschränkung",
                        "Beschreibung": "Vor dem Stornieren eine Bestätigung verlangen.",
                        "Begründung": "Schritt 4.",
                        "Priorität": "hoch",
                        "Konkreter Text": "Frage zuerst.",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s(
                "add",
                "constraint",
                "Vor dem Stornieren eine Bestätigung verlangen.",
                rationale="Schritt 4.",
                priority="high",
                specific_text="Frage zuerst.",
            ),
            analysis="Der Agent stornierte ohne Rückfrage.",
            root_causes=["Keine Bestätigung verlangt."],
        ),
    )
    yield (
        "french, text keys with accents and spaces",
        json.dumps(
            {
                "Analyse de l'échec": "L'agent a annulé sans demander.",
                "Causes profondes": ["Aucune confirmation exigée."],
                "Suggestions d'amélioration": [
                    {
                        "Type": "ajouter",
                        "Catégorie": "contrainte",
                        "Description": "Exiger une confirmation.",
                        "Justification": "Étape 4.",
                        "Priorité": "haute",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("add", "constraint", "Exiger une confirmation.", rationale="Étape 4.", priority="high"),
            analysis="L'agent a annulé sans demander.",
            root_causes=["Aucune confirmation exigée."],
        ),
    )
    yield (
        "russian",
        json.dumps(
            {
                "анализ": "Агент отменил заказ без подтверждения.",
                "причины": ["Нет требования подтверждения."],
                "предложения": [
                    {
                        "тип": "добавить",
                        "категория": "ограничение",
                        "описание": "Требовать согласия клиента.",
                        "обоснование": "Шаг 4.",
                        "приоритет": "высокий",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("add", "constraint", "Требовать согласия клиента.", rationale="Шаг 4.", priority="high"),
            analysis="Агент отменил заказ без подтверждения.",
            root_causes=["Нет требования подтверждения."],
        ),
    )
    yield (
        "korean, English keys and Korean enums",
        json.dumps(
            {
                "analysis": "확인 없이 주문을 취소했습니다.",
                "suggestions": [
                    {
                        "type": "추가",
                        "category": "제약",
                        "description": "취소 전에 고객의 동의를 받으세요.",
                        "priority": "높음",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("add", "constraint", "취소 전에 고객의 동의를 받으세요.", priority="high"),
            analysis="확인 없이 주문을 취소했습니다.",
        ),
    )
    yield (
        "spanish with full keys",
        json.dumps(
            {
                "Análisis": "El agente canceló sin preguntar.",
                "Causas raíz": ["No se exige confirmación."],
                "Mejoras sugeridas": [
                    {
                        "Tipo de cambio": "agregar",
                        "Categoría": "restricción",
                        "Descripción": "Exigir confirmación.",
                        "Prioridad": "alta",
                        "Texto específico": "Pregunta primero.",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s(
                "add",
                "constraint",
                "Exigir confirmación.",
                priority="high",
                specific_text="Pregunta primero.",
            ),
            analysis="El agente canceló sin preguntar.",
            root_causes=["No se exige confirmación."],
        ),
    )


def _second() -> Rows:
    """Answers written after the first ones had been read."""
    pretty = json.dumps(BOTH, indent=2)
    yield (
        "labelled lists",
        f"Root Causes: {json.dumps([C1, C2])}\n\nSuggestions: {json.dumps([ONE, TWO])}",
        only(ONE, TWO, root_causes=[C1, C2]),
    )
    yield (
        "headed json lists",
        f"## Analysis\n{A}\n\n## Root Causes\n```json\n{json.dumps([C1, C2])}\n```\n\n## Suggestions\n```json\n{json.dumps([ONE])}\n```",
        only(ONE, analysis=A, root_causes=[C1, C2]),
    )
    yield (
        "problem solution list",
        json.dumps(
            {
                "analysis": A,
                "findings": [
                    {"problem": C1, "solution": D1, "priority": "high"},
                    {"problem": C2, "solution": D2, "priority": "low"},
                ],
            }
        ),
        only({"description": D1, "priority": "high"}, {"description": D2, "priority": "low"}, analysis=A),
    )
    yield (
        "root causes with recommendation",
        json.dumps(
            {"root_causes": [{"cause": C1, "recommendation": D1}, {"cause": C2, "recommendation": D2}]}
        ),
        only({"description": D1}, {"description": D2}, root_causes=[C1, C2]),
    )
    yield (
        "recommendation object per priority",
        json.dumps(
            {
                "analysis": A,
                "recommendations": {
                    "high": [{"description": D1, "type": "add", "category": "constraint"}],
                    "low": [{"description": D3, "type": "remove", "category": "structure"}],
                },
            }
        ),
        only(s("add", "constraint", D1, priority="high"), THREE, analysis=A),
    )
    yield (
        "by type keys",
        json.dumps(
            {
                "analysis": A,
                "add": [{"description": D1, "category": "constraint"}],
                "remove": [{"description": D3, "category": "structure"}],
            }
        ),
        only({"type": "add", "description": D1}, {"type": "remove", "description": D3}, analysis=A),
    )
    yield "response.output", json.dumps({"status": "ok", "response": {"output": {"result": BOTH}}}), BOTH
    yield (
        "anthropic tool use",
        json.dumps({"type": "tool_use", "id": "t1", "name": "reflect", "input": BOTH}),
        BOTH,
    )
    yield (
        "openai completion",
        json.dumps(
            {
                "id": "c",
                "object": "chat.completion",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": "```json\n" + pretty + "\n```"},
                        "finish_reason": "stop",
                    }
                ],
            }
        ),
        BOTH,
    )
    yield (
        "qwen tool call tag",
        f"<tool_call>\n{json.dumps({'name': 'submit', 'arguments': BOTH})}\n</tool_call>",
        BOTH,
    )
    yield "llama function", f"<function=submit_reflection>{json.dumps(BOTH)}</function>", BOTH
    yield "python call", f"submit_reflection(analysis={A!r}, suggestions=[{ONE!r}])", only(ONE, analysis=A)
    yield "final answer label", f"Thought: I should summarise.\nFinal Answer: {json.dumps(BOTH)}", BOTH
    yield "boxed", f"$\\boxed{{{json.dumps(BOTH)}}}$", BOTH
    yield (
        "reasoning in json with analysis",
        json.dumps({"reasoning": "First I looked at step 4, then at the policy.", **BOTH}),
        BOTH,
    )
    yield (
        "thinking key",
        json.dumps({"thinking": "Let me think about it for a while.", "suggestions": [ONE]}),
        only(ONE),
    )
    yield (
        "prompt sections",
        json.dumps(
            {
                "analysis": A,
                "suggestions": [
                    {"operation": "insert", "section": "Rules", "content": T1, "reason": R1, "priority": 1}
                ],
            }
        ),
        only({"type": "add", "target_section": "Rules", "rationale": R1, "priority": "high"}, analysis=A),
    )
    yield (
        "patch ops",
        json.dumps(
            {"analysis": A, "edits": [{"op": "replace", "target": "Be fast.", "new_text": T2, "why": R2}]}
        ),
        only(
            {"type": "modify", "target_section": "Be fast.", "specific_text": T2, "rationale": R2}, analysis=A
        ),
    )
    yield (
        "old_text new_text",
        json.dumps({"changes": [{"old_text": "Be fast.", "new_text": T2, "description": D2}]}),
        only({"description": D2, "specific_text": T2, "target_section": "Be fast."}),
    )
    yield (
        "from/to",
        json.dumps({"changes": [{"from": "Be fast.", "to": T2, "rationale": R2}]}),
        only({"type": "modify", "specific_text": T2, "target_section": "Be fast.", "rationale": R2}),
    )
    yield (
        "text+impact",
        json.dumps(
            {
                "analysis": A,
                "suggestions": [
                    {"text": D1, "impact": "high", "effort": "low"},
                    {"text": D2, "impact": "low", "effort": "high"},
                ],
            }
        ),
        only({"description": D1, "priority": "high"}, {"description": D2, "priority": "low"}, analysis=A),
    )
    yield (
        "id/title/description",
        json.dumps(
            {
                "analysis": A,
                "suggestions": [
                    {"id": 1, "title": "Confirm", "description": D1, "type": "add"},
                    {"id": 2, "title": "Policy", "description": D2, "type": "modify"},
                ],
            }
        ),
        only({"description": D1}, {"description": D2}, analysis=A),
    )
    yield "confidence object", json.dumps({**BOTH, "confidence": {"score": 0.8, "level": "high"}}), BOTH
    yield (
        "null fields",
        json.dumps(
            {
                "analysis": A,
                "root_causes": None,
                "suggestions": [{**ONE, "specific_text": None, "target_section": "N/A"}],
                "expected_improvement": None,
            }
        ),
        only({**ONE, "specific_text": None, "target_section": None}, analysis=A),
    )
    yield (
        "string causes with bullets",
        json.dumps({"analysis": A, "root_causes": f"- {C1}\n- {C2}", "suggestions": f"1. {D1}\n2. {D2}"}),
        only({"description": D1}, {"description": D2}, analysis=A, root_causes=[C1, C2]),
    )
    yield (
        "analysis list",
        json.dumps({"analysis": [A], "root_causes": [C1], "suggestions": [ONE]}),
        only(ONE, analysis=A),
    )
    yield (
        "upper keys",
        json.dumps(
            {
                "ANALYSIS": A,
                "ROOT_CAUSES": [C1],
                "SUGGESTIONS": [
                    {"TYPE": "ADD", "CATEGORY": "CONSTRAINT", "DESCRIPTION": D1, "PRIORITY": "HIGH"}
                ],
            }
        ),
        only(s("add", "constraint", D1, priority="high"), analysis=A, root_causes=[C1]),
    )
    yield "missing opening brace", pretty[1:], BOTH
    yield (
        "missing opening quote of a value",
        pretty.replace('"description": "Require', '"description": Require'),
        BOTH,
    )
    yield (
        "one line comment block",
        pretty.replace('"suggestions": [', '"suggestions": [ /* ordered by priority */'),
        BOTH,
    )
    yield "trailing backslash n literal", pretty.replace("\n", "\\n\n")[:-1] + "}", BOTH
    yield "smart quotes everywhere", pretty.replace('"', "”"), BOTH
    yield (
        "german quotes",
        "{„analysis“: „Es fehlte ein Schritt.“, „suggestions“: [{„type“: „add“, „category“: „constraint“, „description“: „Bestätigung verlangen.“}]}",
        only(s("add", "constraint", "Bestätigung verlangen."), analysis="Es fehlte ein Schritt."),
    )
    yield "two closers missing", pretty[: pretty.rindex("]")], BOTH
    yield "extra text in list", pretty.replace("    },\n    {", "    },\n    and also:\n    {"), BOTH
    yield "javascript", f"const reflection = {json.dumps(BOTH)};\nexport default reflection;", BOTH
    yield "bullets of objects", f"- {json.dumps(ONE)}\n- {json.dumps(TWO)}", only(ONE, TWO)
    yield "numbered objects", f"1. {json.dumps(ONE)}\n2. {json.dumps(TWO)}\n", only(ONE, TWO)
    yield "comma separated objects", f"{json.dumps(ONE)},\n{json.dumps(TWO)}", only(ONE, TWO)
    yield (
        "draft final",
        f"Draft:\n```json\n{json.dumps({'analysis': 'Too short.', 'suggestions': [{'description': 'Be careful.'}]})}\n```\nOn reflection, final version:\n```json\n{pretty}\n```",
        BOTH,
    )
    yield (
        "italian",
        json.dumps(
            {
                "analisi": "L'agente ha annullato senza chiedere.",
                "cause principali": ["Nessuna conferma."],
                "suggerimenti": [
                    {
                        "tipo": "aggiungere",
                        "categoria": "vincolo",
                        "descrizione": "Chiedere conferma.",
                        "motivazione": "Passo 4.",
                        "priorità": "alta",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("add", "constraint", "Chiedere conferma.", rationale="Passo 4.", priority="high"),
            analysis="L'agente ha annullato senza chiedere.",
            root_causes=["Nessuna conferma."],
        ),
    )
    yield (
        "portuguese",
        json.dumps(
            {
                "Análise da falha": "O agente cancelou sem perguntar.",
                "Causas raiz": ["Sem confirmação."],
                "Sugestões de melhoria": [
                    {
                        "Tipo": "adicionar",
                        "Categoria": "restrição",
                        "Descrição": "Exigir confirmação.",
                        "Prioridade": "alta",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("add", "constraint", "Exigir confirmação.", priority="high"),
            analysis="O agente cancelou sem perguntar.",
            root_causes=["Sem confirmação."],
        ),
    )
    yield (
        "arabic",
        json.dumps(
            {
                "التحليل": "ألغى الوكيل الطلب دون تأكيد.",
                "الأسباب الجذرية": ["لا يوجد طلب تأكيد."],
                "الاقتراحات": [
                    {
                        "النوع": "إضافة",
                        "الفئة": "قيد",
                        "الوصف": "اطلب التأكيد قبل الإلغاء.",
                        "الأولوية": "عالية",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("add", "constraint", "اطلب التأكيد قبل الإلغاء.", priority="high"),
            analysis="ألغى الوكيل الطلب دون تأكيد.",
            root_causes=["لا يوجد طلب تأكيد."],
        ),
    )
    yield (
        "hindi escaped, cut",
        json.dumps(
            {
                "विश्लेषण": "एजेंट ने बिना पूछे ऑर्डर रद्द किया।",
                "सुझाव": [
                    {"प्रकार": "जोड़ें", "श्रेणी": "बाधा", "विवरण": "रद्द करने से पहले पुष्टि माँगें।", "प्राथमिकता": "उच्च"}
                ],
            }
        )[:-3],
        only(
            s("add", "constraint", "रद्द करने से पहले पुष्टि माँगें।", priority="high"),
            analysis="एजेंट ने बिना पूछे ऑर्डर रद्द किया।",
        ),
    )
    yield (
        "turkish mixed",
        json.dumps(
            {
                "analysis": "Ajan sormadan iptal etti.",
                "suggestions": [
                    {
                        "type": "ekle",
                        "category": "kısıtlama",
                        "description": "İptalden önce onay iste.",
                        "priority": "yüksek",
                    }
                ],
            },
            ensure_ascii=False,
        ),
        only(
            s("add", "constraint", "İptalden önce onay iste.", priority="high"),
            analysis="Ajan sormadan iptal etti.",
        ),
    )
    yield (
        "dict by name",
        json.dumps({"analysis": A, "suggestions": {"confirmation_step": ONE, "policy_quote": TWO}}),
        only(ONE, TWO, analysis=A),
    )
    yield (
        "separate arrays",
        json.dumps({"analysis": A, "suggestions": [D1, D2], "priorities": ["high", "low"]}),
        only({"description": D1}, {"description": D2}, analysis=A),
    )
    yield (
        "analysis object",
        json.dumps({"analysis": {"what_happened": A, "why": C1}, "suggestions": [ONE]}),
        only(ONE),
    )
    yield (
        "executive summary",
        json.dumps({"executive_summary": A, "key_findings": [C1, C2], "recommendations": [ONE]}),
        only(ONE, analysis=A),
    )
    yield (
        "reflexion style",
        json.dumps({"reflection": A, "plan": [D1, D2]}),
        only({"description": D1}, {"description": D2}, analysis=A),
    )
    yield (
        "lessons",
        json.dumps({"failure_reason": A, "lessons_learned": [D1, D2]}),
        only({"description": D1}, {"description": D2}),
    )
    yield (
        "status in suggestions",
        json.dumps({"success": True, "data": {"analysis": A, "suggestions": [ONE]}, "error": None}),
        only(ONE, analysis=A),
    )
    yield (
        "tag with attribute",
        f'<suggestion type="add" category="constraint" priority="high">{D1}</suggestion>\n<suggestion type="modify" category="clarity" priority="low">{D2}</suggestion>',
        only(s("add", "constraint", D1, priority="high"), s("modify", "clarity", D2, priority="low")),
    )
