"""Labelled answers in free text: the forms that models use when they do not answer in JSON.

Every answer is written for this corpus. A label says how many suggestions a reader finds, by which \
words each is
known, and the fields that the answer states itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from reflector.reflection.answers.reading import Reading
from reflector.reflection.models import Suggestion

__all__ = ["FORMS", "Case", "Want", "case", "want"]


@dataclass(frozen=True)
class Want:
    """One suggestion that a reader finds."""

    has: str
    type: str | None = None
    category: str | None = None
    priority: str | None = None
    rationale: str | None = None
    text: str | None = None
    section: str | None = None


@dataclass(frozen=True)
class Case:
    """One answer with what a reader finds in it."""

    kind: str
    answer: str
    least: int
    most: int
    wants: tuple[Want, ...] = ()
    analysis: str | None = None
    causes: int | None = None
    effect: str | None = None

    def misses(self, reading: Reading) -> list[str]:
        """Return what keeps the case from being recovered: number, key phrases, stated kinds."""
        found = reading.suggestions
        missed = [] if self.least <= len(found) <= self.most else [f"{len(found)} suggestions"]
        for wanted in self.wants:
            hits = [one for one in found if wanted.has.casefold() in _said(one)]
            if not hits:
                missed.append(f"no {wanted.has!r}")
            elif not any(_kinds_agree(wanted, one) for one in hits):
                missed.append(
                    f"kinds of {wanted.has!r}: {hits[0].type} {hits[0].category} {hits[0].priority}"
                )
        return missed

    def strict_misses(self, reading: Reading) -> list[str]:
        """Return what keeps the case from being recovered with all its fields."""
        missed = self.misses(reading)
        for wanted in self.wants:
            hits = [one for one in reading.suggestions if wanted.has.casefold() in _said(one)]
            if hits and not any(_fields_agree(wanted, one) for one in hits):
                missed.append(
                    f"fields of {wanted.has!r}: {hits[0].rationale!r} {hits[0].specific_text!r} "
                    f"{hits[0].target_section!r}"
                )
        if self.analysis is not None and self.analysis.casefold() not in reading.analysis.casefold():
            missed.append(f"analysis {reading.analysis!r}")
        if self.analysis == "" and reading.analysis:
            missed.append(f"analysis {reading.analysis!r} instead of none")
        if self.causes is not None and len(reading.root_causes) != self.causes:
            missed.append(f"causes {reading.root_causes!r}")
        if self.effect is not None and self.effect.casefold() not in reading.expected_improvement.casefold():
            missed.append(f"effect {reading.expected_improvement!r}")
        return missed


def _said(one: Suggestion) -> str:
    return " ".join(filter(None, (one.description, one.specific_text))).casefold()


def _kinds_agree(wanted: Want, one: Suggestion) -> bool:
    pairs = ((wanted.type, one.type), (wanted.category, one.category), (wanted.priority, one.priority))
    return all(expected is None or expected == got.value for expected, got in pairs)


def _fields_agree(wanted: Want, one: Suggestion) -> bool:
    pairs = (
        (wanted.rationale, one.rationale),
        (wanted.text, one.specific_text),
        (wanted.section, one.target_section),
    )
    return all(expected is None or expected.casefold() in (got or "").casefold() for expected, got in pairs)


def want(
    has: str, kinds: str = "", *, why: str | None = None, text: str | None = None, at: str | None = None
) -> Want:
    """Return a wanted suggestion; `kinds` is `type category priority`, a dash where the answer states none."""
    kind, category, priority = ([part if part != "-" else None for part in kinds.split()] + [None] * 3)[:3]
    return Want(has, kind, category, priority, why, text, at)


def case(
    kind: str,
    count: int | tuple[int, int],
    answer: str,
    *wants: Want,
    analysis: str | None = None,
    causes: int | None = None,
    effect: str | None = None,
) -> Case:
    """Return a labelled answer; `count` is the number of suggestions, or the least and the most."""
    least, most = count if isinstance(count, tuple) else (count, count)
    return Case(kind, answer, least, most, wants, analysis, causes, effect)


FORMS: list[Case] = [
    case(
        "markdown",
        3,
        """# Reflection

## Analysis
The agent booked the wrong flight because it never re-read the user's dates. It also ignored the \
tool's warning.

## Root Causes
1. No instruction to confirm dates.
2. Warnings are not mentioned anywhere.

## Suggestions

### 1. Add a confirmation rule
- **Type:** add
- **Category:** constraint
- **Priority:** high
- **Rationale:** The dates were swapped in turn 4.
- **Suggested text:** "Before booking, repeat the dates and wait for a yes."

### 2. Clarify what a warning means
- **Type:** modify
- **Category:** clarity
- **Priority:** medium
- **Rationale:** The model treated the warning as success.

### 3. Move the tool list to the top
- **Type:** restructure
- **Category:** structure
- **Priority:** low

## Expected Improvement
Fewer wrong bookings, about one in ten.
""",
        want(
            "confirmation rule",
            "add constraint high",
            why="swapped",
            text="Before booking, repeat the dates and wait for a yes.",
        ),
        want("warning means", "modify clarity medium", why="success"),
        want("Move the tool list", "restructure structure low"),
        analysis="wrong flight",
        causes=2,
        effect="one in ten",
    ),
    case(
        "markdown",
        2,
        """**Analysis**

The model answered in French although the user wrote English.

**Root causes**

- The system prompt is in French.

**Suggestions**

1. **Add a language rule.** State that the answer uses the language of the question. (priority: high)
2. **Remove the French greeting.** It primes the model. (priority: low)

**Expected improvement**

Answers in the right language.
""",
        want("language of the question", "add - high"),
        want("French greeting", "remove - low", why="primes"),
        analysis="in French",
        causes=1,
        effect="right language",
    ),
    case(
        "markdown",
        3,
        """Analysis:
The run stopped after the limit of ten calls; half of them were the same search.

Root causes:
- The prompt sets no stop rule
- It does not say that a search may be empty

Suggestions:
- Add a rule that no query may be sent twice.
- Tell the agent to answer "not found" after three empty searches.
- Shorten the introduction to two sentences.

Expected improvement: runs end within the limit.
""",
        want("sent twice"),
        want("not found"),
        want("Shorten the introduction"),
        analysis="limit of ten calls",
        causes=2,
        effect="within the limit",
    ),
    case(
        "setext",
        2,
        """Analysis
========
The parser agent returned a list where the caller wanted one object.

Suggestions
===========
* Specify the output schema with one example.
* Delete the sentence about "all results".

Expected effect
===============
The caller can read every answer.
""",
        want("output schema"),
        want("all results"),
        analysis="returned a list",
        effect="every answer",
    ),
    case(
        "rst",
        2,
        """Analysis
--------

The unit of the temperature was guessed.

Root Causes
-----------

- No unit in the prompt.

Suggestions
-----------

#. Add the unit to the question template.

   :type: add
   :priority: high

#. Ask the model to print the unit with each number.

Expected Improvement
--------------------

No more mixed units.
""",
        want("unit to the question template", "add - high"),
        want("print the unit"),
        causes=1,
        effect="mixed units",
    ),
    case(
        "org",
        2,
        """* Analysis
The agent deleted a file outside its folder.
* Root causes
- No path limit
* Suggestions
** Restrict file operations to the workspace
   Priority: high
   Rationale: it removed /etc/hosts in step 7
** Ask before deleting
   Priority: medium
* Expected improvement
No file is lost.
""",
        want("Restrict file operations", "- - high", why="step 7"),
        want("Ask before deleting", "- - medium"),
        analysis="outside its folder",
        causes=1,
        effect="No file is lost",
    ),
    case(
        "numbered headings",
        2,
        """1. Analysis
The summary left out the verdict.

2. Root causes
The word limit comes before the content rule.

3. Suggestions
a) Move the content rule in front of the word limit.
b) Add "always name the verdict".

4. Expected improvement
Complete summaries.
""",
        want("content rule in front"),
        want("name the verdict"),
        analysis="left out the verdict",
        causes=1,
        effect="Complete summaries",
    ),
    case(
        "bullets",
        4,
        """Here are my suggestions for the prompt:

• Include the customer's time zone in every request.
• Require an ISO date.
• Drop the joke about robots – it confuses the tone.
• Split the rules into "before" and "after" the tool call.

Let me know if you want a rewritten version!
""",
        want("time zone"),
        want("ISO date"),
        want("joke about robots"),
        want("Split the rules"),
    ),
    case(
        "bullets",
        3,
        """Sure! Here's what I would change:

– Define what "recent" means (last 30 days).
– Give two examples of a valid ticket id.
– Replace "try to be short" with "use at most 80 words".
""",
        want("last 30 days"),
        want("valid ticket id"),
        want("80 words", text="use at most 80 words", at="try to be short"),
    ),
    case(
        "numbered",
        3,
        """1) Add a fallback for an empty search result.
2) Tell the agent which of the two calculators to use.
3) Remove the third paragraph; nothing refers to it.
""",
        want("fallback"),
        want("two calculators"),
        want("third paragraph", "remove"),
    ),
    case(
        "numbered",
        3,
        """(1) Require units on all numbers.
(2) Add a worked example of a conversion.
(3) Clarify that rounding happens only once, at the end.
""",
        want("units on all"),
        want("worked example"),
        want("rounding happens"),
    ),
    case(
        "numbered",
        4,
        """i. Name the target audience.
ii. Cap the answer at three paragraphs.
iii. Forbid passive voice in headings.
iv. Add a checklist at the end.
""",
        want("target audience"),
        want("three paragraphs"),
        want("passive voice"),
        want("checklist"),
    ),
    case(
        "checkboxes",
        3,
        """Next steps for the prompt
- [ ] Add the refund policy verbatim
- [ ] Say which fields are optional
- [x] Remove the outdated phone number
""",
        want("refund policy"),
        want("fields are optional"),
        want("outdated phone"),
    ),
    case(
        "checkboxes",
        2,
        """Improvements:
☐ State the maximum number of retries.
☐ Explain the difference between "cancel" and "refund".
""",
        want("number of retries"),
        want("cancel"),
    ),
    case(
        "emoji",
        3,
        """🔍 **What happened**
The bot quoted a price from memory.

🛠️ **Fixes**
1️⃣ Require a price lookup before any quote.
2️⃣ Add an example where the lookup fails.
3️⃣ Say that guessing a price is forbidden.

🚀 **Expected impact**
Prices are always current.
""",
        want("price lookup"),
        want("lookup fails"),
        want("forbidden"),
        analysis="from memory",
        effect="always current",
    ),
    case(
        "emoji priority",
        3,
        """Suggested changes

🔴 Add an explicit stop condition for the loop.
🟡 Clarify the meaning of "done".
🟢 Reorder the examples from easy to hard.
""",
        want("stop condition", "- - high"),
        want('meaning of "done"', "- - medium"),
        want("Reorder the examples", "restructure - low"),
    ),
    case(
        "tags",
        3,
        """## Recommendations
- [HIGH] [ADD] Include the current date in the system prompt.
- [MEDIUM] [MODIFY] Reword rule 4 so that it names the tool.
- [LOW] [REMOVE] Delete the duplicated greeting.
""",
        want("current date", "add - high"),
        want("rule 4", "modify - medium"),
        want("duplicated greeting", "remove - low"),
    ),
    case(
        "tags",
        2,
        """Suggestions:
1. (high, constraint) Limit each answer to one tool call.
2. (low, example) Show a failed call and the right reaction.
""",
        want("one tool call", "- constraint high"),
        want("failed call", "- example low"),
    ),
    case(
        "tags",
        3,
        """P0: Add a check that the account belongs to the caller.
P1: Clarify which currency the amounts are in.
P2: Move the disclaimer to the end.
""",
        want("belongs to the caller", "- - high"),
        want("which currency"),
        want("disclaimer", "- - medium"),
    ),
    case(
        "tags",
        2,
        """Recommended edits

1. Add a glossary of status codes. (Type: add, Category: clarity, Priority: medium)
2. Remove the second list of tools. (Type: remove, Category: structure, Priority: low)
""",
        want("glossary", "add clarity medium"),
        want("second list", "remove structure low"),
    ),
    case(
        "nested",
        2,
        """Suggestions
- Add a rule for empty inputs
  - Type: add
  - Category: constraint
  - Rationale: two runs crashed on an empty list
  - Section: Input
  - Priority: high
- Rewrite the scoring paragraph
  - Type: modify
  - Category: clarity
  - Rationale: readers cannot tell whether 5 is good
  - Section: Scoring
  - Priority: medium
""",
        want("empty inputs", "add constraint high", why="crashed", at="Input"),
        want("scoring paragraph", "modify clarity medium", why="whether 5", at="Scoring"),
    ),
    case(
        "nested",
        2,
        """1. **Tell the agent to verify its answer**
   *Why:* the sum was off by one in both runs.
   *Where:* at the end of the instructions
   *Priority:* High

2. **Give an example of the log format**
   *Why:* it parsed the wrong column.
   *Priority:* Low
""",
        want("verify its answer", "- - high", why="off by one", at="end of the instructions"),
        want("log format", "- - low", why="wrong column"),
    ),
    case(
        "nested",
        2,
        """### Suggestion 1: Define the output columns
**Type**: modify
**Category**: structure
**Priority**: high
**Description**: List the columns by name and order.
**Rationale**: The importer failed on a renamed column.

### Suggestion 2: Add a size limit
**Type**: add
**Category**: constraint
**Priority**: medium
**Description**: Say that no file may exceed 5 MB.
**Rationale**: The upload timed out.
""",
        want("columns by name", "modify structure high", why="renamed column"),
        want("5 MB", "add constraint medium", why="timed out"),
    ),
    case(
        "nested groups",
        4,
        """## Recommendations

### High priority
- Add the list of allowed tools.
- Require a final check of the totals.

### Low priority
- Shorten the greeting.
- Rename "foo" to "customer id".
""",
        want("allowed tools", "- - high"),
        want("final check", "- - high"),
        want("greeting", "- - low"),
        want("customer id", "- - low"),
    ),
    case(
        "nested groups",
        4,
        """- Clarity
  - Define "active user".
  - Say which time zone the report uses.
- Examples
  - Add one report with no data.
- Structure
  - Put the output format before the rules.
""",
        want("active user", "- clarity"),
        want("time zone", "- clarity"),
        want("no data", "- example"),
        want("output format", "- structure"),
    ),
    case(
        "nested groups",
        3,
        """Things to add:
* Add a sentence on refunds over 500 euros.
* Add an example of a polite refusal.

Things to remove:
* Remove the line on fax numbers.
""",
        want("500 euros", "add"),
        want("polite refusal", "add"),
        want("fax numbers", "remove"),
    ),
    case(
        "bold labels",
        3,
        """**Clarity**: Say what "soon" means in hours.
**Constraint**: Limit the answer to one screen.
**Examples**: Show one bad and one good reply.
""",
        want("in hours", "- clarity"),
        want("one screen", "- constraint"),
        want("one bad", "- example"),
    ),
    case(
        "bold labels",
        3,
        """I reviewed the run. The agent stopped early.

**Add a retry rule**: The agent should retry twice before giving up.

**Make the goal explicit**: The prompt should name the file that has to exist at the end.

**Remove the time pressure**: The phrase "as fast as possible" should go.
""",
        want("retry twice"),
        want("file that has to exist"),
        want("as fast as possible"),
        analysis="stopped early",
    ),
    case(
        "fields",
        2,
        """Analysis: The agent used the wrong calendar.

Type: add
Category: constraint
Priority: high
Description: Tell the agent to use the shared calendar.
Rationale: It wrote into the private one.
Specific text: Only write to the calendar named "Team".

Type: modify
Category: clarity
Priority: low
Description: Say "meeting" instead of "event" throughout.
Rationale: Both words occur and mean different things.
""",
        want("shared calendar", "add constraint high", why="private one", text="calendar named"),
        want("throughout", "modify clarity low", why="Both words"),
        analysis="wrong calendar",
    ),
    case(
        "fields",
        2,
        """Problem: The agent asked for the order number twice.
Suggestion: Add a note that the order number is part of the session.

Problem: It offered a discount without approval.
Suggestion: Forbid discounts above 10 percent.
""",
        want("part of the session", why="asked for the order number twice"),
        want("Forbid discounts", why="without approval"),
    ),
    case(
        "fields",
        2,
        """Suggestion 1: Add a deadline rule.
Reason: The agent never stopped searching.
Suggestion 2: Put the user's goal in the first line.
Reason: It was lost after a long preamble.
""",
        want("deadline rule", why="never stopped"),
        want("first line", why="long preamble"),
    ),
    case(
        "table",
        3,
        """| # | Type | Suggestion | Why |
|---|------|------------|-----|
| 1 | add | Add the tax rate table | It used last year's rates |
| 2 | modify | Change "around" to "exactly" in rule 2 | The sum was rounded |
| 3 | remove | Remove the legal footer | It filled the context |
""",
        want("tax rate table", "add", why="last year"),
        want('"exactly"', "modify", why="rounded"),
        want("legal footer", "remove", why="context"),
    ),
    case(
        "table",
        2,
        """The run failed on the second question.

| Priority | Category | Change |
|:--|:--|:--|
| High | Clarity | Name the unit of every number |
| Low | Example | Add a sample with negative numbers |

These changes should halve the error rate.
""",
        want("unit of every", "- clarity high"),
        want("negative numbers", "- example low"),
        analysis="second question",
        effect="halve",
    ),
    case(
        "table",
        1,
        """| Field | Value |
|---|---|
| Type | add |
| Category | constraint |
| Priority | high |
| Description | Require two sources for each claim |
| Rationale | One claim was invented |
""",
        want("two sources", "add constraint high", why="invented"),
    ),
    case(
        "table",
        2,
        """Recommendation | Rationale | Priority
--- | --- | ---
Add a glossary | "SLA" was misread | medium
Drop the ASCII art | It breaks the tokenizer | low
""",
        want("glossary", "- - medium", why="misread"),
        want("ASCII art", "- - low", why="tokenizer"),
    ),
    case(
        "xml",
        2,
        """<reflection>
  <analysis>The agent merged two customers with the same name.</analysis>
  <root_causes>
    <cause>Names are treated as unique.</cause>
    <cause>No instruction to compare ids.</cause>
  </root_causes>
  <suggestions>
    <suggestion>
      <type>add</type>
      <category>constraint</category>
      <priority>high</priority>
      <description>Compare the customer id before merging.</description>
      <rationale>Two different people were merged.</rationale>
      <specific_text>Never merge records whose ids differ.</specific_text>
    </suggestion>
    <suggestion>
      <type>modify</type>
      <category>clarity</category>
      <priority>low</priority>
      <description>Say "record" instead of "person".</description>
    </suggestion>
  </suggestions>
  <expected_improvement>No false merges.</expected_improvement>
</reflection>
""",
        want(
            "Compare the customer id", "add constraint high", why="Two different people", text="Never merge"
        ),
        want('"record"', "modify clarity low"),
        analysis="same name",
        causes=2,
        effect="false merges",
    ),
    case(
        "xml",
        2,
        """<analysis>It looped.</analysis>
<suggestion type="add" category="constraint" priority="high">Stop after five identical results.</suggestion>
<suggestion type="remove" category="structure" priority="low">Drop the second copy of the \
rules.</suggestion>
""",
        want("five identical", "add constraint high"),
        want("second copy", "remove structure low"),
        analysis="looped",
    ),
    case(
        "xml",
        1,
        """<thoughts>The prompt never says what to return.</thoughts>
<improved_prompt>
You are a billing assistant.
Return exactly one JSON object with the keys "amount" and "currency".
</improved_prompt>
""",
        want("billing assistant", text="exactly one JSON object"),
        analysis="never says what to return",
    ),
    case(
        "xml",
        2,
        """<ul>
<li>Add the opening hours to the prompt.</li>
<li>Clarify that Sunday is closed.</li>
</ul>
""",
        want("opening hours"),
        want("Sunday is closed"),
    ),
    case(
        "toml",
        2,
        '''analysis = "The agent returned Celsius."
root_causes = ["no unit named"]

[[suggestions]]
type = "add"
category = "constraint"
priority = "high"
description = "Name the unit: Fahrenheit."
rationale = "The caller expects Fahrenheit."

[[suggestions]]
type = "modify"
category = "clarity"
priority = "medium"
description = "Say that zero is a valid answer."
specific_text = """
Zero is a valid answer.
Do not treat it as missing."""
''',
        want("Fahrenheit", "add constraint high", why="caller expects"),
        want("zero is a valid", "modify clarity medium", text="treat it as missing"),
        analysis="returned Celsius",
        causes=1,
    ),
    case(
        "yaml",
        2,
        """analysis: >
  The agent sorted by name
  although the task says by date.
root_causes:
  - sorting rule hidden in the last line
suggestions:
  - type: restructure
    category: structure
    priority: high
    description: Move the sorting rule to the first line.
    rationale: it was overlooked
  - type: add
    category: example
    priority: low
    description: |
      Add one sorted sample.
      Use three rows.
expected_improvement: sorted output in all runs
""",
        want("sorting rule", "restructure structure high", why="overlooked"),
        want("three rows", "add example low"),
        analysis="although the task says by date",
        causes=1,
        effect="sorted output",
    ),
    case(
        "yaml",
        1,
        """```yaml
suggestions:
- description: "Ask for the missing postcode."
  type: add
  priority: high
```
""",
        want("missing postcode", "add - high"),
    ),
    case(
        "dspy",
        2,
        """[[ ## reasoning ## ]]
The answer was cut because the prompt asks for every detail.

[[ ## suggestions ## ]]
1. Limit the answer to 200 words.
2. Add a rule to list only open tickets.

[[ ## expected_improvement ## ]]
No more truncation.

[[ ## completed ## ]]
""",
        want("200 words"),
        want("open tickets"),
        effect="truncation",
    ),
    case(
        "dspy",
        1,
        """[[ ## critique ## ]]
The poem does not rhyme, and the prompt never asks for rhyme.

[[ ## improved_instruction ## ]]
Write a four-line poem in which lines one and three rhyme.

[[ ## completed ## ]]
""",
        want("lines one and three rhyme", text="four-line poem"),
        analysis="does not rhyme",
    ),
    case(
        "pair",
        1,
        """The rule is too soft.

Original: "Try to cite a source."
Revised: "Cite one source after every claim."
""",
        want(
            "Cite one source", "modify", text="Cite one source after every claim.", at="Try to cite a source."
        ),
        analysis="too soft",
    ),
    case(
        "pair",
        2,
        """1. Tighten the length rule
   Before: Keep it short.
   After: Use at most 50 words.
2. Name the reader
   Before: Explain the topic.
   After: Explain the topic to a nurse in her first year.
""",
        want("length rule", text="at most 50 words", at="Keep it short"),
        want("Name the reader", text="first year", at="Explain the topic."),
    ),
    case(
        "pair",
        1,
        """**Before:**
> Answer all questions.

**After:**
> Answer only questions about shipping. Otherwise say "I can only help with shipping."
""",
        want(
            "only questions about shipping",
            "modify",
            text="only help with shipping",
            at="Answer all questions",
        ),
    ),
    case(
        "pair",
        2,
        """Suggestions:
- Replace "Be helpful" with "Solve the ticket or escalate it".
- Change "several examples" to "exactly two examples".
""",
        want("Solve the ticket", "modify", text="Solve the ticket or escalate it", at="Be helpful"),
        want("exactly two", "modify", text="exactly two examples", at="several examples"),
    ),
    case(
        "diff",
        1,
        """The wording invites guessing.

```diff
- If you are unsure, give your best estimate.
+ If you are unsure, say so and ask one question.
```
""",
        want("ask one question", text="say so and ask one question", at="best estimate"),
    ),
    case(
        "block",
        1,
        """```
You are a careful travel agent. Confirm the dates before you book. Never book two flights for one person.
```
""",
        want("careful travel agent", text="Never book two flights"),
    ),
    case(
        "block",
        1,
        """The original prompt left the audience open, so the answers were too technical.

Here is an improved prompt:

```text
Explain the result to a customer without technical words.
Use three sentences.
```

This version names the audience.
""",
        want("three sentences", text="without technical words"),
        analysis="audience open",
    ),
    case(
        "block",
        1,
        """## Revised Prompt

You are an assistant for a library.
Answer only from the catalogue.
If a book is missing, say so.
""",
        want("assistant for a library", text="Answer only from the catalogue."),
    ),
    case(
        "block items",
        2,
        """1. Add the rule on personal data:
   ```
   Never print a full card number.
   ```
2. Remove the debug instruction:
   > Print your full reasoning.
""",
        want("rule on personal data", "add", text="Never print a full card number."),
        want("debug instruction", "remove", text="Print your full reasoning."),
    ),
    case(
        "quoted text",
        2,
        """Suggestions:
1. Add the line: "Quote the ticket number in every reply."
2. In the "Style" section, insert “Write in plain words and short sentences.”
""",
        want("Add the line", "add", text="Quote the ticket number in every reply."),
        want("Style", "add", text="plain words and short", at="Style"),
    ),
    case(
        "strengths",
        2,
        """## Strengths
- The agent greets politely.
- It should be praised for its clear tables.

## Weaknesses
- It ignores the second question.

## Suggestions
- Number the questions and answer each of them.
- Add a reminder to check for unanswered questions.

## Questions
- Should the agent ever refuse?
""",
        want("Number the questions"),
        want("unanswered questions"),
        causes=1,
    ),
    case(
        "strengths",
        1,
        """What went well: the tone was right.
What went wrong: the total was wrong by 10.
What to change: ask the agent to add the items twice and compare.
""",
        want("compare"),
        causes=1,
    ),
    case(
        "inline list",
        3,
        """To improve the prompt: (1) add the date format, (2) remove the word "maybe", and (3) \
give one full example.
""",
        want("date format"),
        want('"maybe"'),
        want("one full example"),
    ),
    case(
        "caps",
        2,
        """ANALYSIS
The reply came in the wrong order.

SUGGESTIONS
1. Number the steps.
2. State that the order matters.

EXPECTED IMPROVEMENT
Right order.
""",
        want("Number the steps"),
        want("order matters"),
        analysis="wrong order",
        effect="Right order",
    ),
    case(
        "ruled",
        2,
        """=== ANALYSIS ===
The agent answered before the search was finished.

=== SUGGESTIONS ===
- Require the agent to wait for the tool result.
- Add an example with a slow tool.

=== EXPECTED EFFECT ===
Answers rest on results.
""",
        want("wait for the tool"),
        want("slow tool"),
        analysis="before the search",
        effect="rest on results",
    ),
    case(
        "bold items",
        2,
        """Suggestions

**1. Add a unit test request** — The agent should write one test per function. *(High)*

**2. Clarify the folder layout** — It created files in the root. *(Medium)*
""",
        want("unit test request", "- - high"),
        want("folder layout", "- - medium"),
    ),
    case(
        "blank separated",
        3,
        """1. **Say which API version to use.**

The agent mixed v1 and v2 calls. A single line would prevent this.

2. **Add a rate limit note.**

It ran into the limit twice.

3. **Remove the deprecated endpoint.**

Nothing answers there any more.
""",
        want("API version"),
        want("rate limit"),
        want("deprecated endpoint"),
    ),
    case(
        "pipes",
        2,
        """Suggestions:
- Add a counterexample | example | high
- Name the file encoding | clarity | low
""",
        want("counterexample", "- example high"),
        want("file encoding", "- clarity low"),
    ),
]
