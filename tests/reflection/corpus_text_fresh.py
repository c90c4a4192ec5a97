"""Labelled answers in further forms, written after the reader and not used to tune it first."""

from __future__ import annotations

from tests.reflection.corpus_text import Case, case, want

__all__ = ["FRESH"]

FRESH: list[Case] = [
    case(
        "html",
        2,
        """<h2>Analysis</h2>
<p>The agent quoted a wrong price.</p>
<h2>Suggestions</h2>
<ol>
<li><b>Add</b> the price list to the context.</li>
<li>Remove the sample price from the prompt.</li>
</ol>
<h2>Expected improvement</h2>
<p>Right prices.</p>
""",
        want("price list to the context"),
        want("sample price"),
        analysis="wrong price",
        effect="Right prices",
    ),
    case(
        "latex",
        2,
        r"""\section{Analysis}
The model forgot the unit.
\section{Suggestions}
\begin{itemize}
\item Add the unit to the template.
\item Clarify that kilometres are meant.
\end{itemize}
""",
        want("unit to the template"),
        want("kilometres"),
        analysis="forgot the unit",
    ),
    case(
        "definition list",
        2,
        """Analysis
: The agent stopped after the first page.

Suggestions
: Tell the agent to read all pages.
: Add a rule for pagination.
""",
        want("read all pages"),
        want("pagination"),
    ),
    case(
        "email",
        2,
        """Hi team,

I looked at the failed run. The agent sent the mail to the wrong person because two contacts share \
a first name.

My recommendations:
1. Ask for the full name when a first name is not unique.
2. Show the address before sending.

Best,
Ana
""",
        want("full name"),
        want("address before sending"),
        analysis="wrong person",
        causes=1,
    ),
    case(
        "q and a",
        2,
        """Q: What went wrong?
A: The agent used the staging database.

Q: What should change in the prompt?
A: Name the production database, and forbid writes to any other one.
""",
        want("production database"),
    ),
    case(
        "dialogue",
        (1, 2),
        """Critic: The answer ignores the budget.
Critic: Put the budget into the first line of the prompt.
""",
        want("Put the budget"),
    ),
    case(
        "md nested numbers",
        2,
        """## 3. Suggestions

3.1. **Add a login check** (high)
     The agent acted for an anonymous user.
3.2. **Reword the refund rule** (medium)
     "May" was read as "must".
""",
        want("login check", "- - high"),
        want("refund rule", "- - medium"),
    ),
    case(
        "json-ish text",
        2,
        """suggestions =
  1. {type: add, priority: high} Include the VAT rate.
  2. {type: remove, priority: low} Remove the second disclaimer.
""",
        want("VAT rate", "add - high"),
        want("second disclaimer", "remove - low"),
    ),
    case(
        "labels own line",
        2,
        """ROOT CAUSE
The tool list is incomplete.

RECOMMENDATION 1
Type: ADD
Priority: HIGH
List the search tool with its parameters.

RECOMMENDATION 2
Type: MODIFY
Priority: LOW
Call the tool by the same name everywhere.
""",
        want("search tool", "add - high"),
        want("same name everywhere", "modify - low"),
        causes=1,
    ),
    case(
        "bold sections same level",
        3,
        """**Analysis:** The bot apologised five times.

**Root Causes:**
* The prompt demands an apology per error.

**Suggestions:**
* **[Constraint]** Limit apologies to one per conversation.
* **[Clarity]** Define what counts as an error.
* **[Structure]** Move the tone rules below the task rules.

**Expected Improvement:** Shorter replies.

**Confidence:** High
""",
        want("one per conversation", "- constraint"),
        want("counts as an error", "- clarity"),
        want("tone rules", "restructure structure"),
        analysis="five times",
        causes=1,
        effect="Shorter",
    ),
    case(
        "arrow pairs",
        2,
        """Prompt fixes
• "as soon as possible" → "within 24 hours"
• "some examples" → "exactly three examples"
""",
        want("within 24 hours", text="within 24 hours", at="as soon as possible"),
        want("exactly three", text="exactly three examples"),
    ),
    case(
        "issue fix list",
        2,
        """1. Issue: The agent guessed the e-mail address.
   Fix: Tell it to ask when the address is unknown.
2. Issue: It answered in capital letters.
   Fix: Forbid capital letters except for names.
""",
        want("when the address is unknown", why="guessed the e-mail"),
        want("Forbid capital", why="capital letters"),
    ),
    case(
        "issue fix headings",
        2,
        """### Issue 1: No stop rule
The agent ran until the limit.
**Fix:** Add "stop when the list is empty".

### Issue 2: Mixed formats
Dates came in three formats.
**Fix:** Require ISO dates.
""",
        want("stop when the list is empty"),
        want("ISO dates"),
    ),
    case(
        "effort table",
        2,
        """| Suggestion | Category | Impact | Effort |
|---|---|---|---|
| Add a glossary of error codes | Clarity | High | Low |
| Show a failed payment as an example | Example | Medium | Low |
""",
        want("glossary of error codes", "- clarity high"),
        want("failed payment", "- example medium"),
    ),
    case(
        "wide table",
        2,
        """| ID | Change type | Target section | Current | Proposed | Rationale |
|----|----|----|----|----|----|
| S1 | modify | Tone | Be nice. | Be friendly and brief. | Replies were long |
| S2 | add | Safety | - | Never share account numbers. | One was printed |
""",
        want("friendly and brief", "modify", text="friendly and brief", at="Tone", why="long"),
        want("account numbers", "add", text="Never share account numbers.", at="Safety"),
    ),
    case(
        "yaml flow",
        2,
        """suggestions:
  - {type: add, priority: high, description: "Name the reader."}
  - {type: remove, priority: low, description: "Drop the epilogue."}
""",
        want("Name the reader", "add - high"),
        want("Drop the epilogue", "remove - low"),
    ),
    case(
        "ini",
        2,
        """[analysis]
text = The agent chose the slow tool.

[suggestion.1]
type = add
priority = high
description = State the time limit per tool.

[suggestion.2]
type = modify
priority = medium
description = Rank the tools by speed.
""",
        want("time limit per tool", "add - high"),
        want("Rank the tools", "modify - medium"),
    ),
    case(
        "xml short",
        2,
        """<critique>The plan has no fallback.</critique>
<changes>
<change>Add a fallback for each step.</change>
<change>Say who decides when both fail.</change>
</changes>""",
        want("fallback for each"),
        want("who decides"),
        analysis="no fallback",
    ),
    case(
        "xml wrapped prose",
        2,
        """<answer>
Here are the issues and fixes.

<suggestions>
- Add the currency.
- Remove the rounding rule.
</suggestions>
</answer>""",
        want("currency"),
        want("rounding rule"),
    ),
    case(
        "quote everything",
        2,
        """> **Suggestions**
>
> 1. Add a rule for night hours.
> 2. Clarify who is on call.
""",
        want("night hours"),
        want("on call"),
    ),
    case(
        "tail priority",
        3,
        """- Require the invoice number — high priority
- Add a polite closing — low priority
- Clarify "net" and "gross" — medium priority
""",
        want("invoice number", "- - high"),
        want("polite closing", "add - low"),
        want("gross", "- - medium"),
    ),
    case(
        "priority headings",
        3,
        """**Must have**
- Add the legal notice.

**Should have**
- Clarify the role of the reviewer.

**Nice to have**
- Shorten the title.
""",
        want("legal notice"),
        want("role of the reviewer"),
        want("Shorten the title"),
    ),
    case(
        "type headings",
        3,
        """### Add
- A rule that names are never translated.
- An example with a Korean name.

### Remove
- The list of nicknames.
""",
        want("never translated", "add"),
        want("Korean name", "add"),
        want("nicknames", "remove"),
    ),
    case(
        "steps prose",
        (2, 4),
        """Step 1: Put the task at the top of the prompt.
Step 2: Remove everything about the old API.
Step 3: Ask for the result as a table.
""",
        want("top of the prompt"),
        want("old API"),
        want("as a table"),
    ),
    case(
        "long prose",
        (2, 3),
        """The trajectory shows a model that understands the question but loses track of its own \
notes. Between steps 5 and 9 it opens the same three files again, and in step 11 it writes a \
summary that contradicts what it read in step 3. Nothing in the prompt asks it to keep notes. I'd \
suggest adding an instruction to write one line of notes after every file, and to read the notes \
before the summary. The prompt might also benefit from a cap on the number of files, say ten. If \
both are in place, I expect the contradictions to disappear.""",
        want("one line of notes"),
        analysis="understands the question",
    ),
    case(
        "hedged prose",
        (2, 2),
        """The tone seems fine. It might help to tell the model how old the readers are. It may \
also be worth removing the metaphor about ships, which confused it in the second run.""",
        want("how old the readers"),
        want("metaphor about ships"),
    ),
    case(
        "past changes",
        (2, 3),
        """I revised the prompt. Changes made:
- Added a rule about refunds.
- Removed the duplicate greeting.

```
You are a shop assistant. Refund only with a receipt.
```
""",
        want("rule about refunds", "add"),
        want("duplicate greeting", "remove"),
    ),
    case(
        "block with role",
        1,
        """The old prompt had no limits. New prompt:

```markdown
# Role
You are a tutor.

# Rules
- Never give the final answer.
- Ask one question at a time.
```
""",
        want("tutor", text="Never give the final answer."),
    ),
    case(
        "wrapped answer",
        2,
        """```markdown
## Analysis
The answer was late.

## Suggestions
- Set a deadline of ten seconds.
- Remove the second search.
```""",
        want("ten seconds"),
        want("second search"),
        analysis="late",
    ),
    case(
        "code is no prompt",
        1,
        """The function fails on empty input.

```python
def f(x):
    return x[0]
```

Add a check for empty input to the task description.
""",
        want("check for empty input"),
        analysis="fails on empty",
    ),
    case(
        "roman sections",
        2,
        """I. ANALYSIS
The parser dropped a column.

II. SUGGESTIONS
1. Name all columns.
2. Add a row count check.

III. EXPECTED IMPROVEMENT
No lost columns.
""",
        want("all columns"),
        want("row count"),
        analysis="dropped a column",
        effect="lost columns",
    ),
    case(
        "emoji bullets",
        3,
        """🎯 Suggestions
👉 Add the opening hours
👉 Tell the bot to greet once
👉 Delete the holiday text
""",
        want("opening hours"),
        want("greet once"),
        want("holiday text"),
    ),
    case(
        "decorated",
        2,
        """───────── Analysis ─────────
The bot lost the thread.

───────── Suggestions ─────────
★ Summarise the thread before answering
★ Keep the last three messages
""",
        want("Summarise"),
        want("last three"),
        analysis="lost the thread",
    ),
    case(
        "de prose",
        2,
        "Der Agent hat drei Mal dieselbe Seite geöffnet. Ergänze im Prompt eine Regel gegen "
        "Wiederholungen und nenne eine Obergrenze. Streiche außerdem den Hinweis auf die alte Seite.",
        want("Wiederholungen"),
        want("alte Seite"),
        analysis="drei Mal",
    ),
    case(
        "es fields",
        1,
        "Sugerencia 1: Añadir un ejemplo de factura.\nCategoría: ejemplo\nPrioridad: alta\nMotivo: el "
        "formato cambió dos veces.\n",
        want("factura", "- example high", why="cambió"),
    ),
    case(
        "fr table",
        2,
        "| Type | Suggestion | Priorité |\n|---|---|---|\n| ajouter | Préciser la devise | haute |\n|"
        " supprimer | Retirer le second exemple | basse |\n",
        want("devise", "add - high"),
        want("second exemple", "remove - low"),
    ),
    case(
        "zh bold",
        2,
        "**分析**：模型忽略了预算。\n\n**根本原因**：\n- 预算在最后一行\n\n**改进建议**：\n1. "
        "**添加预算规则**：在开头说明预算。（优先级：高）\n2. "
        "**删除无关示例**：示例没有预算。（优先级：低）\n\n**预期效果**：不再超出预算。\n",
        want("预算规则", "- - high"),
        want("无关示例", "remove - low"),
        analysis="忽略了预算",
        causes=1,
        effect="不再超出",
    ),
    case(
        "ja labels",
        1,
        "種類：変更\nカテゴリ：明確さ\n優先度：中\n説明：「すぐ」を「24時間以内」に変更する。\n理由：意味があいまいだった。\n",
        want("24時間以内", "modify clarity medium", why="あいまい"),
    ),
    case(
        "ru numbered",
        2,
        "Рекомендации:\n1) Укажите часовой пояс.\n2) Перенесите правила в начало.\n\nОжидаемый эффект: "
        "меньше ошибок.\n",
        want("часовой пояс"),
        want("в начало", "restructure"),
        effect="меньше ошибок",
    ),
    case(
        "pt xml",
        1,
        "<sugestoes><sugestao><tipo>adicionar</tipo><prioridade>alta</prioridade><descricao>Pedir "
        "confirmação do endereço.</descricao></sugestao></sugestoes>",
        want("endereço", "add - high"),
    ),
    case(
        "ar bullets",
        2,
        "المشكلة: لم يذكر النموذج المصدر.\n\nالتوصيات:\n- اطلب ذكر المصدر لكل رقم.\n- احذف الفقرة الأخيرة.\n",
        want("المصدر لكل رقم"),
        want("الفقرة الأخيرة", "remove"),
    ),
    case(
        "hi labels",
        1,
        "सुझाव 1: उत्तर की लंबाई सीमित करें।\nश्रेणी: सीमा\nप्राथमिकता: उच्च\nकारण: उत्तर बहुत लंबे थे।\n",
        want("लंबाई सीमित", "- constraint high", why="बहुत लंबे"),
    ),
    case("none", 0, "I'm unable to provide feedback on this. I suggest you consult the documentation."),
    case("none", 0, "{}"),
    case("none", 0, "Error 429: too many requests. Please try again later."),
    case("none", 0, "Traceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'x'"),
    case("none", 0, "The prompt works well and no changes are needed."),
]


# A second set, written when the reader had seen the first.
FRESH += [
    case(
        "gpt style",
        3,
        """### 🔍 Trajectory Analysis

The agent correctly found the user's booking, but it cancelled the **return** leg instead of the \
outbound one. This happened in step 6.

---

### 🧩 Root Causes

1. **Ambiguous reference** – "the flight" may mean either leg.
2. **No read-back** – the agent never repeated what it was about to cancel.

---

### ✅ Suggested Improvements

1. **Add a read-back step**
   > Before you cancel anything, repeat the flight number and date and wait for "yes".

   *Rationale*: Prevents irreversible mistakes.
   *Priority*: High

2. **Clarify leg selection**
   > If a booking has two legs, always ask which one is meant.

   *Rationale*: Removes the ambiguity at its source.
   *Priority*: High

3. **Trim the policy text**
   *Rationale*: Two thirds of it are about hotels.
   *Priority*: Low

---

### 🚀 Expected Improvement

Cancellations of the wrong leg should drop to nearly zero.
""",
        want("read-back step", "- - high", why="irreversible", text="repeat the flight number"),
        want("leg selection", "modify - high", text="which one is meant"),
        want("policy text", "- - low", why="hotels"),
        analysis="return",
        causes=2,
        effect="nearly zero",
    ),
    case(
        "claude style",
        3,
        """Looking at this trajectory, the core issue is that the agent treats every tool error as final.

**What went wrong**
- The first 503 ended the run
- The user was told that the shop is closed

**What I'd change**

**Retry transient errors.** Add something like: "If a call fails with 5xx, wait and try up to three \
times." This alone would have saved the run.

**Separate the shop's state from the tool's state.** Tell the agent that a failing tool says \
nothing about opening hours.

**Cut the apology template.** It takes 400 tokens and adds nothing.

I'm fairly confident in the first two; the third is a matter of taste.
""",
        want("Retry transient", text="wait and try up to three times"),
        want("opening hours"),
        want("apology template", "remove"),
        causes=2,
    ),
    case(
        "gemini style",
        2,
        """Here's a breakdown of the issues and how to fix them:

*   **Analysis:** The summary is written in the first person although the reader is a manager.
*   **Root Cause:** The prompt says "describe what you did".
*   **Suggestion 1 (High Priority - Clarity):** Change the phrase to "describe what the team did".
*   **Suggestion 2 (Medium Priority - Constraint):** Add a limit of 120 words.
*   **Expected Improvement:** Summaries that can be forwarded as they are.
""",
        want("what the team did", "modify clarity high"),
        want("120 words", "add constraint medium"),
        analysis="first person",
        causes=1,
        effect="forwarded",
    ),
    case(
        "llama style",
        3,
        """Based on the trajectory, the following changes can be made to the prompt:

Suggestion #1: Add a specific example of the expected output.
Type: Add
Category: Example
Rationale: The agent returned plain text.

Suggestion #2: Modify the instruction to mention the file type.
Type: Modify
Category: Clarity
Rationale: It opened a PDF as text.

Suggestion #3: Remove the instruction on colors.
Type: Remove
Category: Constraint
Rationale: There are no colors in the output.
""",
        want("expected output", "add example", why="plain text"),
        want("file type", "modify clarity", why="PDF"),
        want("on colors", "remove constraint", why="no colors"),
    ),
    case(
        "mistral style",
        2,
        """Analysis: The model has hallucinated the name of the mayor.

Root Causes:
1. The prompt has no instruction for unknown facts.

Suggestions for Improvement:
1. Modification: "Answer the question." -> "Answer the question only if the text contains the answer."
2. Addition: "If the text does not contain the answer, write UNKNOWN."

Expected Impact: No invented names.
""",
        want("only if the text contains", "modify"),
        want("write UNKNOWN", "add"),
        analysis="mayor",
        causes=1,
        effect="No invented",
    ),
    case(
        "qwen style",
        2,
        """**Step-by-step reflection**

Step 1: The agent reads the table. Correct.
Step 2: The agent multiplies before it filters. Wrong.

**Improved strategy**
- Filter the rows before any calculation.
- Print the number of rows after the filter.
""",
        want("Filter the rows"),
        want("number of rows"),
    ),
    case(
        "deepseek style",
        2,
        """<think>
Okay, let me look at the trajectory. I should suggest adding a rule. Maybe remove the other one.
</think>

**Diagnosis.** The agent wrote SQL for the wrong dialect.

**Prompt edits**

(a) *Insert* after "You are a data analyst.": "The database is PostgreSQL 15."

(b) *Delete*: "Use backticks for names."
""",
        want("PostgreSQL 15", text="The database is PostgreSQL 15."),
        want("backticks", "remove", text="Use backticks for names."),
        analysis="wrong dialect",
    ),
    case(
        "bullets with why",
        2,
        """- Add a definition of "inactive customer" (why: the agent used 30 days, the report uses 90)
- Ask for the SQL in the answer (why: nobody could check the number)
""",
        want("inactive customer"),
        want("Ask for the SQL"),
    ),
    case(
        "dash rationale",
        2,
        """1. Add the company name — the reply was signed by the wrong firm.
2. Remove "Dear Sir" — most readers are not.
""",
        want("company name", "add"),
        want("Dear Sir", "remove"),
    ),
    case(
        "numbered sections",
        (1, 2),
        """1. What happened: the agent paid twice.
2. Why: the prompt does not say that a payment may take a minute.
3. What to change: add "wait 60 seconds before you pay again"; show the pending state as an example.
""",
        want("60 seconds"),
    ),
    case(
        "todo",
        3,
        "TODO\n====\n\n* fix: name the branch to work on\n* add: a rule against force pushes\n* drop: "
        "the part about SVN\n",
        want("branch to work on"),
        want("force pushes", "add"),
        want("about SVN", "remove"),
    ),
    case(
        "headings as items",
        2,
        """# Prompt review

## Add a persona
The answers change their tone. One persona fixes that.

## Limit the number of questions
Three questions in a row annoyed the user.
""",
        want("Add a persona", "add"),
        want("number of questions"),
    ),
    case(
        "prose paragraphs",
        2,
        """## Suggestions

Add a short list of forbidden topics. The agent talked about the merger, which is confidential.

Tell the agent how to end the call. It hung up in the middle of a sentence twice.
""",
        want("forbidden topics", "add"),
        want("end the call"),
    ),
    case(
        "meta",
        (1, 2),
        "My assessment is that the prompt is nearly right. One small change would make it robust: "
        "require the agent to echo the order number before any action.",
        want("echo the order number"),
        analysis="nearly right",
    ),
    case(
        "self talk",
        (1, 3),
        "I failed because I did not read the second file. Next time I must read both files. I need to "
        "remember that the second file overrides the first.",
        want("read both files"),
        analysis="second file",
        causes=1,
    ),
    case(
        "we should",
        (2, 2),
        "The classifier prompt confuses sarcasm with praise. We should add two sarcastic examples. We "
        "should also tell it that emojis alone are no evidence.",
        want("two sarcastic"),
        want("emojis alone"),
        analysis="sarcasm",
    ),
    case(
        "score lines",
        2,
        """Correctness: 4/5
Clarity: 2/5

Improvements:
- Use short sentences.
- Explain each abbreviation once.
""",
        want("short sentences"),
        want("abbreviation"),
    ),
    case(
        "rubric",
        (1, 2),
        """**Helpfulness (3/5)**: The answer is on topic but lacks sources. It should link at least one.

**Safety (5/5)**: No problems.
""",
        want("link at least one"),
    ),
    case(
        "zh prose",
        (2, 2),
        "从轨迹看，代理在第三步选错了工具。首先，应该在提示词里列出每个工具的用途。其次，需要规定在调用前检查参数。",
        want("每个工具的用途"),
        want("检查参数"),
        analysis="第三步",
    ),
    case(
        "zh table",
        2,
        "| 优先级 | 类别 | 建议 |\n| --- | --- | --- |\n| 高 | 约束 | 禁止重复调用 |\n| 中 | 示例 |"
        " 增加一个失败的例子 |\n",
        want("重复调用", "- constraint high"),
        want("失败的例子", "add example medium"),
    ),
    case(
        "de table",
        2,
        "| Typ | Vorschlag | Priorität | Begründung |\n|---|---|---|---|\n| ändern |"
        " Den Ton genauer beschreiben | mittel | Er schwankt |\n| hinzufügen |"
        " Ein Beispiel mit Umlauten | hoch | Sie gingen verloren |\n",
        want("Ton genauer", "modify - medium", why="schwankt"),
        want("Umlauten", "add - high", why="verloren"),
    ),
    case(
        "fr prose",
        (1, 2),
        "L'agent a confondu les deux clients. Je recommande d'ajouter le numéro de client dans chaque "
        "requête.",
        want("numéro de client"),
        analysis="confondu",
    ),
    case(
        "ja prose",
        (2, 2),
        "エージェントは古い価格を答えました。価格を答える前に検索するように指示してください。古い例は削除した方がよいです。",
        want("検索する"),
        want("古い例"),
        analysis="古い価格",
    ),
    case(
        "ru fields",
        1,
        "Тип: изменить\nКатегория: ясность\nПриоритет: средний\nОписание: Уточнить, что значит "
        "«скоро».\nОбоснование: Агент понял это как «завтра».\nКонкретный текст: «в течение двух часов»\n",
        want("Уточнить", "modify clarity medium", why="завтра", text="в течение двух часов"),
    ),
    case(
        "es prose",
        (2, 3),
        "El modelo tradujo los nombres propios. Añade una regla que lo prohíba. Incluye también un "
        "ejemplo con un apellido.",
        want("lo prohíba"),
        want("apellido"),
        analysis="nombres propios",
    ),
    case(
        "hi bold",
        2,
        '**सुझाव:**\n1. **स्पष्टता:** "जल्दी" का अर्थ बताएँ।\n2. **उदाहरण:** एक छोटा उदाहरण जोड़ें।\n',
        want("जल्दी", "- clarity"),
        want("छोटा उदाहरण", "add example"),
    ),
    case(
        "ar prose",
        (1, 2),
        "أخطأ الوكيل في العملة. أقترح إضافة رمز العملة إلى كل سعر.",
        want("رمز العملة"),
        analysis="العملة",
    ),
    case(
        "pt prose",
        (2, 2),
        "O agente parou cedo demais. Acrescente um critério de parada. Remova a frase sobre o tempo.",
        want("critério de parada"),
        want("sobre o tempo", "remove"),
        analysis="cedo demais",
    ),
    case("none", 0, "Great work! The trajectory shows a clean run with no issues."),
    case("none", 0, "As an AI language model, I do not have access to the trajectory."),
    case("none", 0, '```json\n{"status": "ok", "items": [1, 2, 3]}\n```'),
    case("none", 0, "Root causes:\n- The prompt is ambiguous.\n- The tool was down.\n", causes=2),
    case("none", 0, "The capital of France is Paris."),
    case(
        "effect below an item",
        2,
        "## Suggestions\n1. **Add a unit rule**\n   - Type: add\n   - Expected impact: fewer mixed totals\n"
        "   - Priority: high\n2. Remove the greeting.\n",
        want("Add a unit rule", "add - high", why="mixed totals"),
        want("greeting", "remove"),
    ),
    case(
        "one suggestion in parts",
        1,
        "Suggestions:\n\n1. Check every total before the report\n   - Limit each report to one currency.\n"
        "   - Name the source of each value.\n",
        want("Check every total"),
    ),
    case(
        "added below the list",
        3,
        "## Suggestions\n1. Name the currency of every amount.\n\nAlso, limit the report to one page.\n\n"
        "```\nYou are a billing agent. Always name the currency of an amount.\n```\n",
        want("every amount"),
        want("one page"),
        want("Replace the prompt", text="You are a billing agent."),
    ),
    case(
        "a regret and a change",
        1,
        "The agent should have checked the date first. Add the current date to the prompt.",
        want("current date", "add"),
    ),
]
