"""Answers that hold no reflection, told apart: refusals, error messages of a server, echoes of our own form."""

from __future__ import annotations

import re

__all__ = ["declines", "is_error_text", "is_refusal", "repeats_form"]

_LONGEST_REFUSAL = 1200
_LONGEST_ERROR = 4000

_CANNOT = r"(?:can['’]?t|can ?not|unable|not able|won['’]?t|not (?:comfortable|permitted|allowed))"
_HELP = (
    r"(?:help|assist|comply|provide|answer|fulfill?|complete (?:this|that|your) request|engage|discuss"
    r"|analy[sz]e|review|access|support|process (?:this|that|your)|respond|participate|generate|create|share"
    r"|do that|do this|with (?:that|this))\b"
)
_REFUSALS = (
    # English
    r"(?:i['’]?m|i am|we['’]?re|we are)\s+(?:very |really |so |deeply )?(?:sorry|afraid)\b"
    rf"[^.!?\n]{{0,80}}?\b{_CANNOT}",
    rf"(?:sorry|apologies|unfortunately|regrettably)\b[^.!?\n]{{0,60}}?\b{_CANNOT}",
    r"i(?:['’]m| am)\s+(?:unable|not able|not permitted|not allowed|not comfortable)\b",
    r"i\s+(?:can['’]?t|can ?not|won['’]?t|will not|must decline|have to decline|decline)\s+(?:to\s+)?"
    rf"{_HELP}",
    r"as an? (?:ai|artificial intelligence|large language model|language model)\b"
    rf"[^.\n]{{0,120}}?\b(?:{_CANNOT}|do(?: not|n['’]t))",
    r"(?:this|your) (?:request|prompt|content|message) (?:violates|was (?:blocked|flagged|rejected))",
    # other languages: the words that such answers begin with
    r"lo siento|lamento|no puedo (?:ayudar|asistir|cumplir|proporcionar)",
    r"(?:je suis )?désolée?|je (?:ne peux|suis incapable|regrette)",
    r"(?:es )?tut mir leid|entschuldigung|ich kann (?:ihnen |dir |dabei |das |diese )?[^.\n]{0,40}nicht",
    r"desculpe|sinto muito|não posso|mi dispiace|non posso",
    r"извините|к сожалению|простите|я не могу|мне жаль",
    r"(?:很|非常)?(?:对不起|抱歉|對不起)|我(?:无法|不能|無法)|申し訳|すみません|ごめんなさい|죄송|미안",
    r"عذر|آسف|أعتذر|لا أستطيع|لا يمكنني|معذرت|मुझे खेद|क्षमा|माफ़|माफ|আমি দুঃখিত|দুঃখিত",
    r"maaf|saya tidak (?:bisa|dapat)|üzgünüm|xin lỗi",
)
_REFUSAL = re.compile("|".join(f"(?:{pattern})" for pattern in _REFUSALS), re.IGNORECASE)
_GREETING = re.compile(
    r"[\s\"'*_>#-]*(?:(?:hello|hi|hey|okay|ok|well|oh|hmm|(?:thank you|thanks)[^.!\n]{0,60})[,.!]\s*)?",
    re.IGNORECASE,
)
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
_GOES_ON = re.compile(
    r"\b(?:however|but here|that said|nevertheless|instead,? (?:i|here)|here (?:is|are)|root causes?|suggestions?:"
    r"|next time|in the future|i should|i will|i['’]ll|should have|for the confusion)\b",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Return whether a short answer begins by declining and then offers nothing.

    >>> is_refusal("I'm sorry, but I can't help with that."), is_refusal("Sorry for the confusion! Add a unit.")
    (True, False)
    """
    if len(text) > _LONGEST_REFUSAL:
        return False
    return declines(text) and len(_LIST.findall(text)) < 2 and not _GOES_ON.search(text)


def declines(text: str) -> bool:
    """Return whether a text begins by declining or by being sorry that it must."""
    greeting = _GREETING.match(text)
    return _REFUSAL.match(text, greeting.end() if greeting else 0) is not None


_ERRORS = (
    r"<!doctype html|<html\b",
    r"(?:http\s*)?(?:error|status)\s*(?:code)?\s*[:=]?\s*[45]\d\d\b",
    r"[45]\d\d\s+(?:internal|bad|service|gateway|too many|unauthori[sz]ed|forbidden|not found|server|client|rate)",
    r"(?:internal server error|service unavailable|bad gateway|gateway time-?out|too many requests|rate limit)",
    r"(?:upstream|overloaded|quota exceeded|insufficient[_ ]quota|context length exceeded|no healthy upstream)",
    r"(?:api|openai|anthropic|litellm|request|connection|server|provider|model)[ _.\w]{0,30}(?:error|exception)\b",
    r"[\w.]{0,60}(?:RateLimit|API|APIConnection|Timeout|Authentication|BadRequest|InternalServer|ServiceUnavailable)Error\b",
    r"traceback \(most recent call last\)|(?:request|connection|operation|read) timed out|\[?error\]?\s*[:：]",
    r"(?:the )?model is (?:currently )?(?:overloaded|unavailable|loading)",
)
_ERROR = re.compile(r"\s*(?:" + "|".join(_ERRORS) + ")", re.IGNORECASE)


def is_error_text(text: str) -> bool:
    """Return whether an answer is the error message or page of a server."""
    is_page = text.lstrip()[:5].casefold() in ("<html", "<!doc")
    return (is_page or len(text) <= _LONGEST_ERROR) and _ERROR.match(text) is not None


_FORM = re.compile(r"add\s*\|\s*modify\s*\|\s*remove\s*\|\s*restructure", re.IGNORECASE)


def repeats_form(text: str) -> bool:
    """Return whether an answer holds the choices of the form in which it was asked for."""
    return _FORM.search(text) is not None
