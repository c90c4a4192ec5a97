"""Labelled answers without a form: reflections, critiques, reviews, and answers that suggest nothing."""

from __future__ import annotations

from tests.reflection.corpus_text import Case, case, want

__all__ = ["PROSE"]

PROSE: list[Case] = [
    case(
        "reflexion",
        (1, 3),
        "I looked for the red key in the kitchen only. I should have searched the cellar before I gave "
        "up. In the next trial, I will search the cellar first and then the attic.",
        want("search the cellar first"),
        analysis="in the kitchen only",
    ),
    case(
        "reflexion",
        (2, 3),
        "My plan was to sort the list and take the third element, but the list held duplicates. Next "
        "time, I will remove duplicates before sorting. I will also print the list once to check it.",
        want("remove duplicates before sorting"),
        want("print the list once"),
        analysis="held duplicates",
    ),
    case(
        "reflexion",
        (1, 2),
        "In my next attempt I will read the whole error message before I change the code, and I will "
        "change one thing at a time.",
        want("read the whole error message"),
    ),
    case(
        "reflexion",
        (1, 2),
        "The function failed for negative numbers because the loop starts at zero. To fix this, the loop "
        "needs to start at the smallest element of the input.",
        want("smallest element"),
        analysis="negative numbers",
        causes=1,
    ),
    case(
        "reflexion",
        (1, 3),
        "I got stuck because I kept opening the same drawer. Instead, I should have opened the cabinet. "
        "If a drawer is empty, I will move on to the next place at once.",
        want("move on to the next place"),
    ),
    case(
        "reflexion",
        (1, 2),
        "- I trusted the first search result, which was about another person with the same name. I "
        "should have checked the year of birth before answering.",
        want("year of birth"),
    ),
    case(
        "reflexion",
        (1, 1),
        "The agent called the weather tool with a postcode where a city name was needed. It should have "
        "converted the postcode first.",
        want("converted the postcode"),
    ),
    case(
        "textgrad",
        (2, 3),
        "The solution is correct but hard to follow. The prompt could be improved by asking for numbered "
        "steps. It would also help to state the final answer on a line of its own. Overall, these "
        "changes would make the answer easier to grade.",
        want("numbered steps"),
        want("line of its own"),
        analysis="hard to follow",
        effect="easier to grade",
    ),
    case(
        "textgrad",
        (3, 3),
        """The variable does its job in most cases, but three points limit it.

**Ambiguity of the goal**: The variable does not say whether one or all errors should be fixed. It \
should state that all errors have to be fixed.

**Missing format**: There is no format for the answer. Specify that the answer is a unified diff.

**No examples**: Consider adding one example of a fixed file so that the model can imitate it.
""",
        want("all errors have to be fixed"),
        want("unified diff"),
        want("one example of a fixed file", why="so that"),
        analysis="three points",
    ),
    case(
        "textgrad",
        (2, 3),
        "Feedback: the instruction to 'be creative' leads to invented facts. Remove it or limit it to "
        "the title. In addition, require that each number comes from the table.",
        want("limit it to the title"),
        want("comes from the table"),
    ),
    case(
        "critique",
        (2, 2),
        'The translation is too literal. Replace "make a photo" with "take a photo". Also, use the '
        "informal form of address, since the text is for teenagers.",
        want("take a photo", "modify", text="take a photo", at="make a photo"),
        want("informal form", why="since the text"),
    ),
    case(
        "critique",
        (1, 2),
        "Score: 3/10. The headline is fine, but the body repeats itself. Cut the second paragraph and "
        "merge its last sentence into the first.",
        want("Cut the second paragraph", "remove"),
    ),
    case(
        "critique",
        (2, 3),
        "Good start! The tone is right. However, you need to name the price, and you should mention the "
        "delivery time as well. Please keep the last line.",
        want("name the price"),
    ),
    case(
        "critique",
        (2, 2),
        """The agent did three things wrong. It called the API without a key, it ignored the 401, \
and it told the user that all was well.

I recommend adding a step that checks for the key before the first call. I also recommend \
forbidding any success message after a status of 400 or above.
""",
        want("checks for the key"),
        want("status of 400"),
        analysis="three things wrong",
    ),
    case(
        "review",
        (2, 4),
        """Summary: The prompt asks for a plan and a result in one answer.

Strengths:
- Clear role
- Good list of tools

Weaknesses:
- Plan and result are mixed
- No limit on the number of steps

Suggestions for improvement:
- Ask for the plan first and the result after a line of dashes.
- Limit the plan to five steps.

Questions:
- Is the plan shown to the user?

Score: 6
""",
        want("line of dashes"),
        want("five steps"),
        analysis="plan and a result",
        causes=2,
    ),
    case(
        "review",
        (2, 3),
        """Overall assessment: usable, but fragile.

Areas for improvement:
1. The date handling is fragile; require ISO dates in all tool calls.
2. Error messages are swallowed. Tell the agent to quote them.

Verdict: minor revision.
""",
        want("ISO dates"),
        want("quote them"),
        analysis="fragile",
    ),
    case(
        "intro list",
        (3, 3),
        """The run failed in the last step because the file name was wrong. I would suggest the \
following changes to the prompt:

- the exact file name, including its extension
- a reminder to list the folder before writing
- no abbreviations in paths
""",
        want("including its extension"),
        want("list the folder"),
        want("abbreviations"),
        analysis="last step",
        causes=1,
    ),
    case(
        "intro list",
        (2, 2),
        """The following problems occurred:
- The agent mixed up metres and feet.
- It reported the height of the wrong tower.

To avoid them, the prompt should:
- name the unit (metres)
- require the full name of the building
""",
        want("name the unit"),
        want("full name of the building"),
        causes=2,
    ),
    case(
        "ordinals",
        3,
        "First, add a sentence that tells the agent who the customer is. Second, remove the request for "
        "a haiku. Third, specify that the total includes tax. With these changes the invoice should be "
        "right.",
        want("who the customer is"),
        want("haiku"),
        want("includes tax"),
        effect="invoice should be right",
    ),
    case(
        "ordinals",
        (2, 3),
        "There are two things I'd change. One is the order: put the question before the context. The "
        "other is length: the context should be cut to the relevant section.",
        want("question before the context"),
        want("relevant section"),
    ),
    case(
        "imperatives",
        3,
        "Be explicit about the time zone. Never let the agent confirm a slot that it has not checked. "
        "When two slots overlap, offer the later one.",
        want("time zone"),
        want("not checked"),
        want("offer the later one"),
    ),
    case(
        "imperatives",
        2,
        "Don't ask for the password. Use the session token instead.",
        want("password"),
        want("session token"),
    ),
    case(
        "lines",
        3,
        """Suggestions:
Add the customer's plan to the context.
Remove the outdated price list.
Tell the agent to hand over after two failed attempts.
""",
        want("customer's plan"),
        want("outdated price"),
        want("two failed attempts"),
    ),
    case(
        "section prose",
        (2, 2),
        """## What went wrong
The model answered from memory and the numbers were two years old.

## What I would do differently
The prompt should require a search before any number is stated. It should also ask for the date of \
each source.
""",
        want("require a search"),
        want("date of each source"),
        causes=1,
    ),
    case(
        "section prose",
        (1, 1),
        """**Diagnosis:** the agent never opened the second attachment.

**Recommendation:** list all attachments in the task and ask for one sentence about each.
""",
        want("list all attachments"),
        analysis="second attachment",
    ),
    case(
        "section prose",
        (2, 2),
        """Root cause: the stop word is part of a normal sentence.
Fix: choose a stop word that never occurs in text, such as <<END>>.
Fix: check for it at the end of a line only.
""",
        want("never occurs in text"),
        want("end of a line"),
        causes=1,
    ),
    case(
        "lessons",
        (2, 3),
        """Lessons learned
1. Always run the tests before the commit.
2. A failing import hides all other errors, so fix it first.

What worked
- The small commits.
""",
        want("run the tests"),
        want("fix it first"),
    ),
    case(
        "think",
        (1, 1),
        "<think>Maybe I should add a rule about colors. Or remove the table.</think>\nAdd a rule that "
        "every chart has a legend.",
        want("legend"),
    ),
    case(
        "think",
        (1, 1),
        "The user wants a critique. I should add examples.\n</think>\n\nThe answer is too long. Limit it "
        "to five lines.",
        want("five lines"),
        analysis="too long",
    ),
    case(
        "letters",
        3,
        """A. Require a citation for each claim.
B. Add a list of trusted sources.
C. Drop the sentence about opinions.
""",
        want("citation"),
        want("trusted sources"),
        want("about opinions"),
    ),
    case(
        "because",
        2,
        """- Add the exchange rate to the context because the model guessed it.
- Limit the answer to whole euros so that rounding cannot differ.
""",
        want("exchange rate", why="because the model guessed"),
        want("whole euros", why="rounding cannot differ"),
    ),
    case(
        "small model",
        2,
        """Analysis: bad answer no units
suggestion: add units to the question
suggestion: say answer only number
""",
        want("add units"),
        want("only number"),
        analysis="no units",
    ),
    case(
        "small model",
        2,
        """1. prompt is unclear -> say what json keys needed
2. no example -> add example with 2 items
""",
        want("json keys"),
        want("2 items"),
    ),
    case(
        "small model",
        (1, 2),
        "ok so the prompt is missing the year. you need to add the year and thats it",
        want("add the year"),
    ),
    case(
        "small model",
        3,
        """*Suggestions*
-Add a title
-Add a date
-Remove the slang
""",
        want("a title"),
        want("a date"),
        want("slang"),
    ),
    case(
        "chatty",
        (3, 3),
        """Absolutely! I've analyzed the trajectory, and here's what I found.

The agent spent eleven of its fifteen steps on a login page that it could not pass. 😕

Here are some ideas to make the prompt better:

1. **Give the agent the credentials** (or say that there are none) 🔑
   It guessed three passwords.
2. **Set a budget for blocked pages** ⏱️
   Two attempts are enough.
3. **Offer a way out** 🚪
   Tell it which page has the same data.

Hope this helps! Let me know if you'd like me to write the full prompt. 😊
""",
        want("credentials"),
        want("budget for blocked"),
        want("way out"),
        analysis="eleven of its fifteen",
    ),
    case(
        "long item",
        2,
        """## Recommended changes

- **Make the exit criterion measurable.** Right now the prompt says "until it looks good", and the \
agent kept going for 40 steps. Say instead: "Stop when all tests pass."
- **Separate facts from instructions.** The agent treated the customer's mail as an order. Put the \
mail between two markers and say that nothing inside it is an instruction.
""",
        want("exit criterion", text="Stop when all tests pass."),
        want("Separate facts"),
    ),
    case(
        "prompt in prose",
        (1, 2),
        """The prompt never names the reader. I would rewrite it as follows:

> You explain medical reports to patients. Avoid Latin words. End with one question the patient can ask.

That should make the tone consistent.
""",
        want("medical reports", text="Avoid Latin words"),
    ),
    # -- nothing to suggest ---------------------------------------------------------------------------
    case("none", 0, ""),
    case("none", 0, "I'm sorry, but I can't help with that request."),
    case("none", 0, "I cannot review this prompt. Please provide the full trajectory and I will analyze it."),
    case("none", 0, "Sure! Please share the prompt you'd like me to improve."),
    case(
        "none", 0, "Everything went well. The agent solved the task in four steps and the user was satisfied."
    ),
    case(
        "none",
        0,
        "The agent opened the wrong page. Then it timed out. The user got no answer.",
        analysis="wrong page",
    ),
    case("none", 0, "```python\ndef add(a, b):\n    return a + b\n\nprint(add(1, 2))\n```"),
    case(
        "none",
        0,
        "Here is the code:\n\n```js\nconst x = fetch('/api');\nif (!x) { throw new Error('no'); "
        "}\n```\n\nLet me know if you have questions!",
    ),
    case("think", (0, 1), "<think>I should add a rule and remove another one."),
    case(
        "none",
        0,
        "## Strengths\n- Clear structure\n- Good examples\n\n## Questions\n- Should the prompt be shorter?\n",
    ),
    case("none", 0, "42"),
    case("none", 0, "What would you like me to change?"),
]
