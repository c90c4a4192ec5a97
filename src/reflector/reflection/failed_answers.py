"""Answers that hold no reflection, told apart: refusals, error messages of a provider, echoes of our form."""

from __future__ import annotations

import re

__all__ = ["is_error_text", "is_refusal", "repeats_form"]

_LONGEST_REFUSAL = 1200
_REFUSAL = re.compile(
    r"(?:(?:i['’]?m|i am|we['’]?re|we are)\s+(?:very |really |so |deeply )?(?:sorry|afraid)\b[^.!?\n]{0,80}?"
    r"\b(?:can['’]?t|can ?not|cannot|unable|not able|won['’]?t|not (?:comfortable|permitted|allowed))"
    r"|(?:sorry|apologies|unfortunately|regrettably)\b[^.!?\n]{0,60}?\b(?:can['’]?t|cannot|can ?not|unable|not able|won['’]?t)"
    r"|i(?:['’]m| am)\s+(?:unable|not able|not permitted|not allowed|not comfortable)\b"
    r"|i\s+(?:can['’]?t|cannot|can ?not|won['’]?t|will not|must decline|have to decline|decline)\s+(?:to\s+)?"
    r"(?:help|assist|comply|provide|do|answer|fulfil|fulfill|complete|engage|discuss|analy[sz]e|support|continue|process|respond|with|that|this|participate|generate|create|share)"
    r"|as an? (?:ai|artificial intelligence|language model|large language model)\b[^.\n]{0,120}?\b(?:can['’]?t|cannot|unable|not able|don['’]?t|do not)"
    r"|(?:this|your) (?:request|prompt|content|message) (?:violates|was (?:blocked|flagged|rejected))"
    r"|lo siento|lamento|no puedo (?:ayudar|asistir|cumplir|proporcionar)"
    r"|(?:je suis )?désolée?|je (?:ne peux|suis incapable|regrette)"
    r"|es tut mir leid|tut mir leid|entschuldigung|ich kann (?:ihnen |dir |dabei |das |diese )?[^.\n]{0,40}nicht"
    r"|desculpe|sinto muito|não posso|mi dispiace|non posso"
    r"|извините|к сожалению|простите|я не могу|мне жаль"
    r"|对不起|抱歉|很抱歉|我无法|我不能|對不起|申し訳|すみません|ごめんなさい|죄송|미안|"
    r"عذر|آسف|أعتذر|لا أستطيع|لا يمكنني|معاف|क्षमा|माफ़|माफ|मुझे खेद|मैं .{0,40}नहीं कर सकता|দুঃখিত|আমি দুঃখিত|maaf|saya tidak (?:bisa|dapat)|üzgünüm|xin lỗi)",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"[\s\"'*_>#-]*(?:(?:hello|hi|hey|okay|ok|well|oh|hmm|thank you[^.!\n]{0,60}|thanks[^.!\n]{0,60})[,.!]\s*)?",
    re.IGNORECASE,
)
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
_GOES_ON = re.compile(
    r"\b(?:however|but here|that said|nevertheless|instead,? (?:i|here)|here (?:is|are)|root causes?|suggestions?:)\b|\bfor the confusion\b",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Return whether a short answer begins by declining and then offers nothing."""
    if len(text) > _LONGEST_REFUSAL:
        return False
    start = _GREETING.match(text)
    if not _REFUSAL.match(text, start.end() if start else 0):
        return False
    return len(_LIST.findall(text)) < 2 and not _GOES_ON.search(text)


_ERROR = re.compile(
    r"\s*(?:"
    r"<!doctype html|<html\b"
    r"|(?:http\s*)?(?:error|status)\s*(?:code)?\s*[:=]?\s*[45]\d\d\b"
    r"|[45]\d\d\s+(?:internal|bad|service|gateway|too many|unauthori[sz]ed|forbidden|not found|server|client|rate)"
    r"|(?:internal server error|service unavailable|bad gateway|gateway time-?out|too many requests|rate limit|upstream)"
    r"|(?:api|openai|anthropic|litellm|request|connection|server|provider|model)[ _.\w]{0,30}(?:error|exception)\b"
    r"|[\w.]*(?:RateLimitError|APIError|APIConnectionError|Timeout|TimeoutError|AuthenticationError|BadRequestError|InternalServerError|ServiceUnavailableError)\b"
    r"|traceback \(most recent call last\)"
    r"|(?:request|connection|operation|read) timed out"
    r"|\[?error\]?\s*[:：]"
    r"|upstream connect error|overloaded|quota exceeded|insufficient[_ ]quota|context length exceeded"
    r"|(?:the )?model is (?:currently )?(?:overloaded|unavailable|loading)|no healthy upstream"
    r")",
    re.IGNORECASE,
)
_LONGEST_ERROR = 4000


def is_error_text(text: str) -> bool:
    """Return whether an answer is an error message or page of a server, not of a model."""
    if len(text) > _LONGEST_ERROR and text.lstrip()[:5].casefold() not in ("<html", "<!doc"):
        return False
    return _ERROR.match(text) is not None


_FORM = re.compile(r"add\s*\|\s*modify\s*\|\s*remove\s*\|\s*restructure", re.IGNORECASE)


def repeats_form(text: str) -> bool:
    """Return whether an answer holds the choices of the form in which it was asked for."""
    return _FORM.search(text) is not None
