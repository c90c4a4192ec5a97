"""What must not leave the process, replaced by placeholders before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from reflector._json import Value
from reflector.errors import ConfigurationError
from reflector.llm.secrets import forms_of, is_secret

__all__ = ["Redaction", "Redactor"]

T = TypeVar("T")

# Stricter than what is taken out of messages of errors: in a run every false find hides evidence.
_HAS_DIGIT = r"(?=[A-Za-z_.~+/=-]{0,99}\d)"
_KEYS = re.compile(
    rf"\b(?:sk|pk|rk|gsk|xai|hf|r8|nvapi|pplx|tgp|csk|fw)[-_]{_HAS_DIGIT}[A-Za-z0-9_-]{{16,512}}"
    r"|\b(?:gh[opusr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,255}|xox[abeprs]-[A-Za-z0-9-]{10,255})"
    r"|\b(?:AIza[\w-]{30,60}|(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
    r"|\beyJ[\w-]{8,4096}\.[\w-]{8,8192}\.[\w-]{8,4096}"  # a JSON web token
    # With line breaks as they are or escaped, as in JSON; of one that was cut off, what is there.
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[\w+/=\s\\]{16,20000}-----END [A-Z ]{0,30}PRIVATE KEY-----"
    r"|(?:(?:\s|\\[nr]){1,4}[A-Za-z0-9+/=]{16,4096}){1,400})"
    r"|(?<=://)[^/\s:@<>]{1,128}:[^/\s<>]{1,256}(?=@)"  # a name and a password in a URL
    rf"|(?i:(?<=\bbearer )){_HAS_DIGIT}[\w.~+/=-]{{12,4096}}"
    rf"|(?i:\b(?:api|access|auth|secret)[-_ ]?(?:key|token)|\b(?:password|passwd|secret)\b)\\{{0,3}}[\"']?\s{{0,4}}"
    rf"[:=]\s{{0,4}}\\{{0,3}}[\"']?(?P<value>{_HAS_DIGIT}[\w.~+/=-]{{10,512}})"
)
# Not the product of two matrices, `a@b.sum()`.
_EMAILS = re.compile(r"\b[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b(?!(?:\.\w{1,63})*\()")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


class Redactor:
    """Says what is replaced by placeholders such as `<email-1>` in runs, prompts and tasks before they are sent.

    The same text has the same placeholder throughout one reflection, so that a reader still sees what belongs
    together. Keys that the process itself uses are replaced in any case.

    >>> Redactor(patterns={"customer": r"C-[0-9]{4}"}).begin().text("C-1234 (jo@example.org) is C-1234")
    '<customer-1> (<email-1>) is <customer-1>'
    """

    def __init__(
        self,
        *,
        keys: bool = True,
        emails: bool = True,
        patterns: Mapping[str, str | re.Pattern[str]] | None = None,
        function: Callable[[str], str] | None = None,
    ) -> None:
        """Say what is replaced.

        Args:
            keys: Keys, tokens and passwords of usual forms.
            emails: E-mail addresses.
            patterns: Regular expressions of your own by the name that their placeholders get. Of one with a group
                named `value` only that group is replaced.
            function: Called last with every text; what it returns is sent. It should give the same text the same
                answer.

        Raises:
            ConfigurationError: If a pattern or its name cannot be one.
        """
        self._patterns: dict[str, re.Pattern[str]] = {}
        if keys:
            self._patterns["key"] = _KEYS
        if emails:
            self._patterns["email"] = _EMAILS
        self._patterns |= {name: _compiled(name, pattern) for name, pattern in (patterns or {}).items()}
        if function is not None and not callable(function):
            raise ConfigurationError(f"a redactor's function goes from text to text; got {function!r}.")
        self._function = function

    def __repr__(self) -> str:
        return f"Redactor({', '.join(self._patterns)}{', function' if self._function else ''})"

    def begin(self, known: Iterable[str] = ()) -> Redaction:
        """Return a redaction with placeholders of its own; the `known` keys go too, in whatever form."""
        return Redaction(self._patterns, self._function, known)


class Redaction:
    """One use of a redactor: it remembers which placeholder stands for what. Keep it in the process."""

    def __init__(
        self,
        patterns: Mapping[str, re.Pattern[str]],
        function: Callable[[str], str] | None,
        known: Iterable[str],
    ) -> None:
        forms = {form: key for key in known if is_secret(key) for form in forms_of(key)}
        self._forms = dict(sorted(forms.items(), key=lambda item: -len(item[0])))
        self._patterns = patterns
        self._function = function
        self._placeholders: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing that it could replace."""
        return not (self._forms or self._patterns or self._function)

    def pass_over(self, name: str, number: int) -> None:
        """Give no further secret the placeholder of that name and number, or of a lower number."""
        self._counts[name] = max(number, self._counts.get(name, 0))

    def text(self, text: str) -> str:
        """Return a text with placeholders."""
        changed = text
        for form in self._forms:
            if form in changed:
                changed = changed.replace(form, self._placeholder("key", form, text))
        for name, pattern in self._patterns.items():
            changed = pattern.sub(partial(self._replaced, name, text), changed)
        if self._function is None:
            return changed
        sent = self._function(changed)
        if not isinstance(sent, str):
            raise ConfigurationError(
                f"a redactor's function goes from text to text; it returned {sent!r:.80}."
            )
        return sent

    def value(self, value: T) -> T:
        """Return a value with placeholders in all its texts; the same object where nothing changes."""
        changed: T = _mapped(value, self.text)
        return changed

    def restored(self, value: T, within: str) -> T:
        """Return a value with those placeholders undone that stand for something in the text `within`.

        So a passage that is quoted from a prompt is found in it again, and nothing gets in that was not there.
        """
        undone = {mark: text for text, mark in self._placeholders.items() if text in within}
        if not undone:
            return value
        marks = re.compile("|".join(re.escape(mark) for mark in undone))
        changed: T = _mapped(value, lambda text: marks.sub(lambda found: undone[found.group()], text))
        return changed

    def _replaced(self, name: str, text: str, found: re.Match[str]) -> str:
        group = "value" if found.re.groupindex.get("value") and found["value"] is not None else 0
        if not (secret := found[group]):
            return found[0]
        start, end = (at - found.start() for at in found.span(group))
        return found[0][:start] + self._placeholder(name, secret, text) + found[0][end:]

    def _placeholder(self, name: str, secret: str, text: str) -> str:
        mark = self._placeholders.get(secret)
        while mark is None:
            self._counts[name] = self._counts.get(name, 0) + 1
            made = f"<{name}-{self._counts[name]}>"
            if made not in text:  # somebody else's own
                mark = self._placeholders[secret] = made
        return mark


def _mapped(value: Any, function: Callable[[str], str]) -> Any:
    """Return a value with a function applied to every text in it; the same object where nothing changes."""
    kind = type(value)
    if kind is str:
        return function(value)
    changed: Any
    if isinstance(value, Value):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        changed = {name: _mapped(field, function) for name, field in fields.items()}
        return value if _is_same(fields, changed) else type(value)(**changed)
    if kind is dict:
        changed = {_mapped(key, function): _mapped(item, function) for key, item in value.items()}
        return value if list(changed) == list(value) and _is_same(value, changed) else changed
    if kind in (list, tuple, set, frozenset):
        items = list(value)
        mapped = [_mapped(item, function) for item in items]
        is_same = all(
            new is old or (type(new) is str and new == old) for new, old in zip(mapped, items, strict=True)
        )
        return value if is_same else kind(mapped)
    return value


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return all(
        after[name] is item or (type(item) is str and after[name] == item) for name, item in before.items()
    )


def _compiled(name: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"a pattern's name stands in its placeholders and is made of a-z, 0-9, - and _; got {name!r}."
        )
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as err:
        raise ConfigurationError(f"the pattern {name!r} is no regular expression: {err}.") from None
