"""Labelled answers in further forms, written after the reader and not used to tune it first."""

from __future__ import annotations

from tests.reflection.corpus_text import Case, case, want

__all__ = ["FRESH"]

FRESH: list[Case] = [
    case("csv", 2, """type,category,priority,description,rationale
add,constraint,high,Require a receipt number before refunds,A refund was paid twice
remove,clarity,low,"Delete the note on vouchers, it is outdated",Vouchers ended in May
""", want("receipt number", "add constraint high", why="paid twice"), want("vouchers", "remove clarity low", why="ended in May")),
    case("html", 2, """<h2>Analysis</h2>
<p>The agent quoted a wrong price.</p>
<h2>Suggestions</h2>
<ol>
<li><b>Add</b> the price list to the context.</li>
<li>Remove the sample price from the prompt.</li>
</ol>
<h2>Expected improvement</h2>
<p>Right prices.</p>
""", want("price list to the context"), want("sample price"), analysis="wrong price", effect="Right prices"),
    case("latex", 2, r"""\section{Analysis}
The model forgot the unit.
\section{Suggestions}
\begin{itemize}
\item Add the unit to the template.
\item Clarify that kilometres are meant.
\end{itemize}
""", want("unit to the template"), want("kilometres"), analysis="forgot the unit"),
    case("definition list", 2, """Analysis
: The agent stopped after the first page.

Suggestions
: Tell the agent to read all pages.
: Add a rule for pagination.
""", want("read all pages"), want("pagination")),
    case("email", 2, """Hi team,

I looked at the failed run. The agent sent the mail to the wrong person because two contacts share a first name.

My recommendations:
1. Ask for the full name when a first name is not unique.
2. Show the address before sending.

Best,
Ana
""", want("full name"), want("address before sending"), analysis="wrong person", causes=1),
    case("q and a", 2, """Q: What went wrong?
A: The agent used the staging database.

Q: What should change in the prompt?
A: Name the production database, and forbid writes to any other one.
""", want("production database")),
    case("dialogue", (1, 2), """Critic: The answer ignores the budget.
Critic: Put the budget into the first line of the prompt.
""", want("Put the budget")),
    case("md nested numbers", 2, """## 3. Suggestions

3.1. **Add a login check** (high)
     The agent acted for an anonymous user.
3.2. **Reword the refund rule** (medium)
     "May" was read as "must".
""", want("login check", "- - high"), want("refund rule", "- - medium")),
    case("json-ish text", 2, """suggestions =
  1. {type: add, priority: high} Include the VAT rate.
  2. {type: remove, priority: low} Remove the second disclaimer.
""", want("VAT rate", "add - high"), want("second disclaimer", "remove - low")),
    case("labels own line", 2, """ROOT CAUSE
The tool list is incomplete.

RECOMMENDATION 1
Type: ADD
Priority: HIGH
List the search tool with its parameters.

RECOMMENDATION 2
Type: MODIFY
Priority: LOW
Call the tool by the same name everywhere.
""", want("search tool", "add - high"), want("same name everywhere", "modify - low"), causes=1),
    case("bold sections same level", 3, """**Analysis:** The bot apologised five times.

**Root Causes:**
* The prompt demands an apology per error.

**Suggestions:**
* **[Constraint]** Limit apologies to one per conversation.
* **[Clarity]** Define what counts as an error.
* **[Structure]** Move the tone rules below the task rules.

**Expected Improvement:** Shorter replies.

**Confidence:** High
""", want("one per conversation", "- constraint"), want("counts as an error", "- clarity"), want("tone rules", "restructure structure"), analysis="five times", causes=1, effect="Shorter"),
    case("arrow pairs", 2, """Prompt fixes
• "as soon as possible" → "within 24 hours"
• "some examples" → "exactly three examples"
""", want("within 24 hours", text="within 24 hours", at="as soon as possible"), want("exactly three", text="exactly three examples")),
    case("issue fix list", 2, """1. Issue: The agent guessed the e-mail address.
   Fix: Tell it to ask when the address is unknown.
2. Issue: It answered in capital letters.
   Fix: Forbid capital letters except for names.
""", want("when the address is unknown", why="guessed the e-mail"), want("Forbid capital", why="capital letters")),
    case("issue fix headings", 2, """### Issue 1: No stop rule
The agent ran until the limit.
**Fix:** Add "stop when the list is empty".

### Issue 2: Mixed formats
Dates came in three formats.
**Fix:** Require ISO dates.
""", want("stop when the list is empty"), want("ISO dates")),
    case("effort table", 2, """| Suggestion | Category | Impact | Effort |
|---|---|---|---|
| Add a glossary of error codes | Clarity | High | Low |
| Show a failed payment as an example | Example | Medium | Low |
""", want("glossary of error codes", "- clarity high"), want("failed payment", "- example medium")),
    case("wide table", 2, """| ID | Change type | Target section | Current | Proposed | Rationale |
|----|----|----|----|----|----|
| S1 | modify | Tone | Be nice. | Be friendly and brief. | Replies were long |
| S2 | add | Safety | - | Never share account numbers. | One was printed |
""", want("friendly and brief", "modify", text="friendly and brief", at="Tone", why="long"), want("account numbers", "add", text="Never share account numbers.", at="Safety")),
    case("yaml flow", 2, """suggestions:
  - {type: add, priority: high, description: "Name the reader."}
  - {type: remove, priority: low, description: "Drop the epilogue."}
""", want("Name the reader", "add - high"), want("Drop the epilogue", "remove - low")),
    case("ini", 2, """[analysis]
text = The agent chose the slow tool.

[suggestion.1]
type = add
priority = high
description = State the time limit per tool.

[suggestion.2]
type = modify
priority = medium
description = Rank the tools by speed.
""", want("time limit per tool", "add - high"), want("Rank the tools", "modify - medium")),
    case("xml short", 2, """<critique>The plan has no fallback.</critique>
<changes>
<change>Add a fallback for each step.</change>
<change>Say who decides when both fail.</change>
</changes>""", want("fallback for each"), want("who decides"), analysis="no fallback"),
    case("xml wrapped prose", 2, """<answer>
Here are the issues and fixes.

<suggestions>
- Add the currency.
- Remove the rounding rule.
</suggestions>
</answer>""", want("currency"), want("rounding rule")),
    case("quote everything", 2, """> **Suggestions**
>
> 1. Add a rule for night hours.
> 2. Clarify who is on call.
""", want("night hours"), want("on call")),
    case("tail priority", 3, """- Require the invoice number — high priority
- Add a polite closing — low priority
- Clarify "net" and "gross" — medium priority
""", want("invoice number", "- - high"), want("polite closing", "add - low"), want("gross", "- - medium")),
    case("priority headings", 3, """**Must have**
- Add the legal notice.

**Should have**
- Clarify the role of the reviewer.

**Nice to have**
- Shorten the title.
""", want("legal notice"), want("role of the reviewer"), want("Shorten the title")),
    case("type headings", 3, """### Add
- A rule that names are never translated.
- An example with a Korean name.

### Remove
- The list of nicknames.
""", want("never translated", "add"), want("Korean name", "add"), want("nicknames", "remove")),
    case("steps prose", (2, 4), """Step 1: Put the task at the top of the prompt.
Step 2: Remove everything about the old API.
Step 3: Ask for the result as a table.
""", want("top of the prompt"), want("old API"), want("as a table")),
    case("long prose", (2, 3), """The trajectory shows a model that understands the question but loses track of its own notes. Between steps 5 and 9 it opens the same three files again, and in step 11 it writes a summary that contradicts what it read in step 3. Nothing in the prompt asks it to keep notes. I'd suggest adding an instruction to write one line of notes after every file, and to read the notes before the summary. The prompt might also benefit from a cap on the number of files, say ten. If both are in place, I expect the contradictions to disappear.""",
        want("one line of notes"), analysis="understands the question"),
    case("hedged prose", (2, 2), """The tone seems fine. It might help to tell the model how old the readers are. It may also be worth removing the metaphor about ships, which confused it in the second run.""",
        want("how old the readers"), want("metaphor about ships")),
    case("past changes", (2, 3), """I revised the prompt. Changes made:
- Added a rule about refunds.
- Removed the duplicate greeting.

```
You are a shop assistant. Refund only with a receipt.
```
""", want("rule about refunds", "add"), want("duplicate greeting", "remove")),
    case("block with role", 1, """The old prompt had no limits. New prompt:

```markdown
# Role
You are a tutor.

# Rules
- Never give the final answer.
- Ask one question at a time.
```
""", want("tutor", text="Never give the final answer.")),
    case("wrapped answer", 2, """```markdown
## Analysis
The answer was late.

## Suggestions
- Set a deadline of ten seconds.
- Remove the second search.
```""", want("ten seconds"), want("second search"), analysis="late"),
    case("code is no prompt", 1, """The function fails on empty input.

```python
def f(x):
    return x[0]
```

Add a check for empty input to the task description.
""", want("check for empty input"), analysis="fails on empty"),
    case("roman sections", 2, """I. ANALYSIS
The parser dropped a column.

II. SUGGESTIONS
1. Name all columns.
2. Add a row count check.

III. EXPECTED IMPROVEMENT
No lost columns.
""", want("all columns"), want("row count"), analysis="dropped a column", effect="lost columns"),
    case("emoji bullets", 3, """🎯 Suggestions
👉 Add the opening hours
👉 Tell the bot to greet once
👉 Delete the holiday text
""", want("opening hours"), want("greet once"), want("holiday text")),
    case("decorated", 2, """───────── Analysis ─────────
The bot lost the thread.

───────── Suggestions ─────────
★ Summarise the thread before answering
★ Keep the last three messages
""", want("Summarise"), want("last three"), analysis="lost the thread"),
    case("de prose", 2, "Der Agent hat drei Mal dieselbe Seite geöffnet. Ergänze im Prompt eine Regel gegen Wiederholungen und nenne eine Obergrenze. Streiche außerdem den Hinweis auf die alte Seite.", want("Wiederholungen"), want("alte Seite"), analysis="drei Mal"),
    case("es fields", 1, "Sugerencia 1: Añadir un ejemplo de factura.\nCategoría: ejemplo\nPrioridad: alta\nMotivo: el formato cambió dos veces.\n", want("factura", "- example high", why="cambió")),
    case("fr table", 2, "| Type | Suggestion | Priorité |\n|---|---|---|\n| ajouter | Préciser la devise | haute |\n| supprimer | Retirer le second exemple | basse |\n", want("devise", "add - high"), want("second exemple", "remove - low")),
    case("zh bold", 2, "**分析**：模型忽略了预算。\n\n**根本原因**：\n- 预算在最后一行\n\n**改进建议**：\n1. **添加预算规则**：在开头说明预算。（优先级：高）\n2. **删除无关示例**：示例没有预算。（优先级：低）\n\n**预期效果**：不再超出预算。\n", want("预算规则", "- - high"), want("无关示例", "remove - low"), analysis="忽略了预算", causes=1, effect="不再超出"),
    case("ja labels", 1, "種類：変更\nカテゴリ：明確さ\n優先度：中\n説明：「すぐ」を「24時間以内」に変更する。\n理由：意味があいまいだった。\n", want("24時間以内", "modify clarity medium", why="あいまい")),
    case("ru numbered", 2, "Рекомендации:\n1) Укажите часовой пояс.\n2) Перенесите правила в начало.\n\nОжидаемый эффект: меньше ошибок.\n", want("часовой пояс"), want("в начало", "restructure"), effect="меньше ошибок"),
    case("pt xml", 1, "<sugestoes><sugestao><tipo>adicionar</tipo><prioridade>alta</prioridade><descricao>Pedir confirmação do endereço.</descricao></sugestao></sugestoes>", want("endereço", "add - high")),
    case("ar bullets", 2, "المشكلة: لم يذكر النموذج المصدر.\n\nالتوصيات:\n- اطلب ذكر المصدر لكل رقم.\n- احذف الفقرة الأخيرة.\n", want("المصدر لكل رقم"), want("الفقرة الأخيرة", "remove")),
    case("hi labels", 1, "सुझाव 1: उत्तर की लंबाई सीमित करें।\nश्रेणी: सीमा\nप्राथमिकता: उच्च\nकारण: उत्तर बहुत लंबे थे।\n", want("लंबाई सीमित", "- constraint high", why="बहुत लंबे")),
    case("none", 0, "I'm unable to provide feedback on this. I suggest you consult the documentation."),
    case("none", 0, "{}"),
    case("none", 0, "Error 429: too many requests. Please try again later."),
    case("none", 0, "Traceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'x'"),
    case("none", 0, "The prompt works well and no changes are needed."),
]
