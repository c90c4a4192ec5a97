"""The forms in which tools, shells, interpreters and services say that something failed."""

from __future__ import annotations

import re

from reflector.trajectories.findings.wording import one_of

__all__ = [
    "COMPILER", "DENIED", "EDIT", "EDIT_REASON", "ERROR_HEAD", "EXCEPTION_LINE", "EXIT_CODE", "FOUND_NOTHING",
    "NOT_FOUND", "RATE_LIMIT", "REJECTED", "SHELL", "STACK_HEAD", "TESTS", "TIMEOUT", "TIMEOUT_WORD", "TRACEBACK",
]  # fmt: skip

EXIT_CODE = one_of(
    r"<returncode>\s{0,3}(-?\d{1,5})\s{0,3}</returncode>",
    r"\b(?:exit|return)[ _-]?(?:code|status)\b[\"'`]?[\s:=]{0,3}(?:is |was |of )?(-?\d{1,5})\b",
    r"\bexited with (?:a )?(?:non-zero )?(?:code|status)?[\s:]{0,3}(-?\d{1,5})\b",
)
TIMEOUT_WORD = one_of(r"time[\s_-]?d?[\s_-]?out", r"deadline.exceeded")
TIMEOUT = one_of(
    r"\btimed[ -]out\b",
    r"\b\w{0,40}Timeout(?:Error|Exception|Expired)\b",
    r"\bdeadline (?:was |has been )?(?:exceeded|expired)\b",
    r"\b(?:time[ -]?limit|time-?out) (?:of \S{1,20} \w{1,20} )?(?:was |has been )?"
    r"(?:exceeded|reached|expired|hit|after)\b",
    r"\b(?:exceed(?:ed|s|ing)?|over|hit|reached) (?:the |its |a )?(?:\d{1,6}[ -]?\w{1,10} )?"
    r"(?:time[ -]?limit|time-?out)\b",
    r"\b(?:execution|command|request|connection|gateway|read|operation) time-?out\b",
    r"\b(?:took|takes|ran|runs|running|executed) (?:for )?(?:too long|longer than)\b",
    r"\b(?:killed|stopped|aborted|terminated|interrupted|cancelled) after \d{1,6}(?:\.\d{1,3})? ?"
    r"(?:ms|s|secs?|seconds|min|minutes)\b",
    r"\bETIMEDOUT\b",
)
TRACEBACK = re.compile(r"^\s*Traceback \(most recent call last\)")
EXCEPTION_LINE = re.compile(
    r"^(?:E {2,8}|Uncaught |- E\d{1,4} )?(?:[A-Za-z_]\w{0,60}\.){0,8}"
    r"[A-Z]\w{0,80}(?:Error|Exception|Interrupt|Fault|Exit|Timeout|Expired|NotFound|DoesNotExist)(?:: |:$|$| \[)"
)
STACK_HEAD = one_of(
    r"^panic: ",
    r"^thread '.{1,80}' panicked",
    r"^Exception in thread ",
    r"^Unhandled (?:exception|promise|rejection)",
    r"^Uncaught ",
    r"^goroutine \d",
    r"^Fatal error: ",
    r"^PHP (?:Fatal|Parse) error",
    r"^error\[E\d{4}\]",
    r"^terminate called",
    r"^Assertion .{1,200} failed",
)
SHELL = one_of(
    r": (?:line \d{1,6}: )?.{0,80}?(?:command not found|: not found)$",
    r": (?:No such file or directory|Permission denied|Is a directory|Not a directory|File exists)\b",
    r": (?:Connection refused|Operation not permitted|No space left on device|Bad substitution)\b",
    r": (?:cannot (?:access|open|stat|remove|find|overwrite)|can't (?:open|read|find)|unknown command)\b",
    r": (?:unrecognized option|invalid option|illegal option|extra operand|missing operand)\b",
    r": (?:syntax error|unexpected EOF)\b",
    r": No module named [\w.]{1,80}$",
    r"^(?:fatal|error): ",
    r"^make(?:\[\d{1,3}\])?: \*\*\*",
    r"^npm (?:ERR!|error)",
    r"^ERROR: ",
    r"^E: ",
    r"^Killed$",
    r"\bSegmentation fault\b",
    r"\bcore dumped\b",
    r"^usage: ",
    flags=0,
)
COMPILER = one_of(
    r"^[^\s:]{1,200}:\d{1,7}(?::\d{1,5})?: (?:fatal )?error: ",
    r"^error: could not compile",
    r"^ld: ",
    r"^collect2: error",
)
EDIT = one_of(
    r"introduced new syntax error",
    r"changes have NOT been applied",
    r"No replacement was performed",
    r"did not appear verbatim",
    r"\b(?:string to replace|old_str\w{0,10}|search (?:block|text|string)|pattern) (?:was )?not found",
    r"Hunk #\d{1,4} FAILED",
    r"patch (?:does not apply|failed)",
    r"edit (?:failed|was rejected|could not be applied)",
)
EDIT_REASON = re.compile(r"\b(?:SyntaxError|IndentationError|TabError|E\d{3}|F\d{3})\b")
REJECTED = one_of(
    r"\bformat error\b",
    r"\bnot (?:properly|correctly) formatted\b",
    r"\bEXACTLY ONE (?:action|command|bash)\b",
    r"\bno (?:tool|function) calls? (?:was |were )?found\b",
    r"\b(?:unknown|unrecognized|unsupported|undefined|no such|invalid) (?:tool|function|action|command)\b",
    r"\b(?:tool|function) [\"'`]?[\w.-]{1,64}[\"'`]? (?:was )?(?:not found|does not exist|not available)",
    r"\b(?:tool|function) [\"'`]?[\w.-]{1,64}[\"'`]? is not (?:available|defined|valid|recognized|a valid)",
    r"\bmissing (?:\d{1,3} )?required\b",
    r"\binvalid (?:arguments?|parameters?|input|json|tool call|value)\b",
    r"\bvalidation errors?\b",
    r"\bcould not (?:parse|be parsed)\b",
    r"\bfailed to parse\b",
    r"\bunexpected keyword argument\b",
)
DENIED = one_of(
    r"\b(?:access|permission|request) (?:is |was |has been )?denied\b",
    r"\bunauthori[sz]ed\b",
    r"\bforbidden\b",
    r"\bnot (?:allowed|permitted|authori[sz]ed)\b",
    r"\b(?:rejected|declined|denied) by (?:the )?(?:user|human|operator|approver)\b",
    r"\bdoesn't want to (?:proceed|take this action)\b",
    r"\bapproval (?:was )?(?:denied|rejected)\b",
)
RATE_LIMIT = one_of(
    r"\brate[ -]?limit(?:ed|s)?\b",
    r"\btoo many requests\b",
    r"\bRateLimitError\b",
    r"\bquota exceeded\b",
    r"\b(?:HTTP|status|code|error)\W{1,3}429\b",
    r"\boverloaded(?:_error)?\b",
)
TESTS = one_of(
    r"^=+ .{0,80}\b\d{1,6} (?:failed|errors?)\b.{0,80}=+$",
    r"^FAILED \((?:failures|errors)=",
    r"^FAILED \S{1,200}::",
    r"^Tests:\s+\d{1,6} failed",
    r"^\d{1,6} failing$",
    r"^test result: FAILED",
    r"^--- FAIL: ",
    r"^\d{1,6} (?:examples?|tests?), [1-9]\d{0,5} failures?",
    flags=0,
)
_ERROR_NOUN = (
    r"^\W{0,4}(?:error|exception|fatal|failure|tool error|execution error|runtime error|api error)s?\b"
)
ERROR_HEAD = one_of(
    _ERROR_NOUN + r"(?:\]|\)|\*\*)?(?:\s?[:!-]|$)",
    _ERROR_NOUN + r"\s(?:executing|calling|running|while|when|in|during|occurred|code|message|from|\d)",
    _ERROR_NOUN + r"\s(?:processing|parsing|reading|fetching)",
    r"^\W{0,4}(?:failed to|unable to|could not|couldn't|something went wrong|request failed|command failed)\b",
    r"^\W{0,4}an? (?:\w{1,20} )?error (?:has )?occurred\b",
    r"^\W{0,4}(?:HTTP(?:/\d(?:\.\d)?)?(?: error)?:? ?[45]\d\d|[45]\d\d (?:client |server )?error)\b",
    r"^[A-Za-z_]\w{0,60}Error\b",
)
NOT_FOUND = one_of(
    r"\bdoes(?: not|n't) exist\b",
    r"\b(?:is |was )?not found\b",
    r"\bno longer exists\b",
    r"\bis (?:invalid|not valid|not supported|not available)\b",
)
FOUND_NOTHING = re.compile(
    r"^\W{0,3}(?:no|0) (?:results?|matches|matching|hits?|files?|documents?|records?|items?|entries)\b",
    re.IGNORECASE,
)
