"""What kind of change a sentence asks for, when the answer does not say it in a field."""

from __future__ import annotations

import re
from functools import lru_cache

from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType

__all__ = ["infer_category", "infer_priority", "infer_type"]

_READ = 500
"""Characters looked at: the verb and the subject of a change stand at its beginning."""


def infer_type(text: str) -> SuggestionType:
    """Return what the first verb of change in `text` does to a prompt; `modify` when there is none.

    Whole words in ten languages, whatever their case; a negated verb does not count.

    >>> infer_type("Add examples."), infer_type("Address the tone."), infer_type("Drop rule 3.")
    (<SuggestionType.ADD: 'add'>, <SuggestionType.MODIFY: 'modify'>, <SuggestionType.REMOVE: 'remove'>)
    """
    head = text[:_READ].lower()
    if _has_other_script(head) and (stem := _VERB_STEMS.search(head)):
        return SuggestionType(str(stem.lastgroup))
    before = ""
    for found in _WORD.finditer(head):
        word = found[0]
        kind = _type_of(word)
        if kind is None and word in _PHRASE_OPENERS and (phrase := _VERB_PHRASES.match(head, found.start())):
            kind = SuggestionType(str(phrase.lastgroup))
        if kind is not None and before not in _NEGATIONS:
            return kind
        before = word
    return SuggestionType.ADD if _ABSENCE.search(head) else SuggestionType.MODIFY


def infer_category(text: str) -> SuggestionCategory:
    """Return what `text` is mostly about; on a tie what it names first, `clarity` when nothing is named.

    >>> infer_category("The goal is unclear because it has two meanings.")
    <SuggestionCategory.CLARITY: 'clarity'>
    """
    head = text[:_READ].lower()
    weights: dict[SuggestionCategory, int] = {}
    for word in _WORD.finditer(head):
        found = _subject_of(word[0])
        if found is _OPENS_PHRASE:
            phrase = _SUBJECT_PHRASES.match(head, word.start())
            found = (
                (SuggestionCategory(phrase.lastgroup), 3)
                if phrase and phrase.lastgroup in _CATEGORIES
                else None
            )
        if found is not None:
            weights[found[0]] = weights.get(found[0], 0) + found[1]
    if _has_other_script(head):
        for stem in _SUBJECT_STEMS.finditer(head):
            category = SuggestionCategory(str(stem.lastgroup))
            weights[category] = weights.get(category, 0) + 3
    if weights:
        return max(weights, key=lambda category: weights[category])
    return (
        SuggestionCategory.STRUCTURE
        if infer_type(text) is SuggestionType.RESTRUCTURE
        else SuggestionCategory.CLARITY
    )


def infer_priority(text: str) -> Priority | None:
    """Return the priority that `text` itself names, None when it names none.

    Only phrases that speak of importance count: "low-dimensional" is no low priority.
    """
    head = text[:_READ]
    low = head.lower()
    if not any(clue in low for clue in _IMPORTANCE_CLUES):
        return None
    found = _IMPORTANCE.search(head)
    return Priority(str(found.lastgroup)) if found else None


def _has_other_script(text: str) -> bool:
    """Return whether `text` has letters beyond Latin, Greek and Cyrillic: there, words are found as stems."""
    return not text.isascii() and max(text) > "\u0590"


@lru_cache(maxsize=8192)
def _type_of(word: str) -> SuggestionType | None:
    found = _VERBS.fullmatch(word)
    return SuggestionType(str(found.lastgroup)) if found else None


@lru_cache(maxsize=8192)
def _subject_of(word: str) -> tuple[SuggestionCategory, int] | None:
    if word in _SUBJECT_OPENERS:
        return _OPENS_PHRASE
    found = _SUBJECTS.fullmatch(word)
    if found is None:
        return None
    name, _, weight = str(found.lastgroup).partition("_")
    return SuggestionCategory(name), 3 if weight else 1


def _group(name: str, words: str) -> str:
    """Return a named group of words; a trailing `~` stands for any ending."""
    return f"(?P<{name}>{'|'.join(words.split())})".replace("~", r"\w*")


_WORD = re.compile(r"[^\W_]+")
_CATEGORIES = frozenset(SuggestionCategory)
_OPENS_PHRASE = (SuggestionCategory.CLARITY, 0)
_NEGATIONS = frozenset({"not", "t", "never", "without", "nicht", "não", "не"})

_VERBS = re.compile(
    "|".join(
        (
            _group(
                "restructure",
                "restructur~ reorgani[sz]~ reorder~ rearrang~ regroup~ consolidat~ merg(?:e|es|ing|"
                "ed) split(?:ting)? mov(?:e|es|ed|ing) "
                "group(?:ing|ed)? separat(?:e|ing) convert(?:ing)? reestructur~ reorden~ divid(?:a|e|ir|"
                "an) muev~ mover reestrutur~ mova "
                "réorganis~ réordonn~ scind~ déplac~ umstrukturier~ gliede~ umstell~ verschieb~ ordne~ aufteil~ "
                "umsortier~ "
                "реструктур~ переструктур~ реорганиз~ перестро~ переупоряд~ раздели~ перенес~ сгруппир~",
            ),
            _group(
                "remove",
                "remov(?:e|es|ed|ing|al) delet(?:e|es|ed|ing|ion) drop(?:s|ped|ping)? cut(?:s|"
                "ting)? eliminat~ strip(?:ping)? omit~ discard~ "
                "prun(?:e|ing) elimin(?:e|ar|a|ez|en) quit(?:e|ar|a|en) borr(?:e|ar|a) suprim(?:e|a|ir|er|"
                "ez) remov(?:a|er|am) "
                "retir(?:e|ar|er|ez) exclu(?:a|ir) supprim~ enlev~ élimin~ entfern~ lösch~ streich~ weglass~ "
                "удал~ убер~ убрать исключ~",
            ),
            _group(
                "modify",
                "modif(?:y|ies|ied|ying|ication) chang(?:e|es|ed|ing) replac(?:e|es|ed|ing|"
                "ement) rephras~ reword~ clarif~ rewrit~ "
                "updat(?:e|es|ed|"
                "ing) revis~ adjust~ tighten~ simplif~ shorten~ soften~ strengthen~ refin~ fix(?:es|"
                "ing)? correct(?:ing)? "
                "expand~ sharpen~ tweak~ emphasi[sz]~ narrow~ rename~ swap~ substitut~ modific~ modifi~ "
                "cambi(?:e|ar|a|en) reempla[zc]~ "
                "sustitu~ aclar~ reescrib~ ajust~ alter(?:e|ar|a|ação) mud(?:e|ar|"
                "ança) esclare[çc]~ reescrev~ chang(?:er|ez) remplac~ "
                "clarifi~ reformul~ réécri~ précis(?:er|ez) änder~ ersetz~ präzisier~ formulier~ überarbeit~ "
                "anpass~ klär~ verdeutlich~ "
                "измен~ замен~ уточн~ перепи~ исправ~ переформул~",
            ),
            _group(
                "add",
                "add(?:s|ed|ing|ition|itions)? includ(?:e|es|ed|ing) inclusion insert(?:s|ed|"
                "ing)? append~ prepend~ incorporat~ "
                "introduc(?:e|es|ed|ing) provid(?:e|es|ing) supply~ giv(?:e|ing) stat(?:e|"
                "ing) mention(?:ing)? specif(?:y|ies|ying) "
                "requir(?:e|ing) defin(?:e|"
                "ing) tell(?:ing)? instruct(?:ing)? ask(?:ing)? limit(?:ing)? set(?:ting)? enforc(?:e|ing) "
                "list(?:ing)? forbid prohibit enumerate document remind append embed attach declare mandate "
                "añad~ agreg~ inclu(?:ya|ye|ir|a|re|ez|"
                "yan) incorpor~ insert~ adicion~ acrescent~ insir~ ajout~ insér~ indiqu~ "
                "hinzu~ ergänz~ füge~ einfüg~ aufnehm~ nimm nenne~ добав~ включ~ встав~ укаж~ указать",
            ),
        )
    )
)
_PHRASE_OPENERS = frozenset(
    {"get", "getting", "take", "taking", "leave", "leaving", "break", "breaking", "neu", "re"}
)
_VERB_PHRASES = re.compile(
    r"(?P<remove>get(?:ting)? rid of|tak(?:e|ing) out|leav(?:e|ing) out)\b"
    r"|(?P<restructure>break(?:ing)?(?: \w+){0,4} (?:down|up|into)|neu (?:ordnen|gliedern|"
    r"strukturieren)|re-(?:order|organi[sz]|structur)\w*)\b",
    re.IGNORECASE,
)
_VERB_STEMS = re.compile(
    "|".join(
        (
            _group(
                "restructure",
                "重组 重新组织 重构 重新排列 拆分 合并 调整结构 移到 移至 再構成 再編 並べ替え 並び替え 分割 "
                "構成を 移動 재구성 "
                r"أعد\s+(?:هيكلة|تنظيم|ترتيب) إعادة\s+(?:هيكلة|تنظيم|"
                r"ترتيب) انقل نقل قسّم पुनर्गठ पुनर्व्यवस्थ पुनः\s+व्यवस्थित",
            ),
            _group(
                "remove", "删除 移除 去掉 去除 删去 削除 取り除 除去 삭제 제거 احذف حذف إزالة أزل हटा निकाल"
            ),
            _group(
                "modify",
                "修改 改为 替换 更改 改写 改成 明确 调整 澄清 变更 简化 変更 修正 置き換 書き換 明確 수정 변경 "
                "대체 "
                "عدّل عدل تعديل غيّر تغيير استبدل استبدال وضّح وضح توضيح बदल संशोध स्पष्ट",
            ),
            _group(
                "add",
                "添加 增加 加入 补充 新增 加上 提供 列出 规定 要求 追加 加え 含め 추가 포함 أضف اضف إضافة أدرج "
                "تضمين اذكر حدد حدّد जोड़ जोड शामिल",
            ),
        )
    )
)
_ABSENCE = re.compile(
    r"\b(?:missing|lacks?|lacking|absent|no mention|never (?:says|states|mentions))\b", re.IGNORECASE
)

_SUBJECTS = re.compile(
    "|".join(
        (
            _group(
                "example_strong",
                "examples exemplars? demonstrations? fewshot counterexamples? ejemplos? exemplos? exemples? "
                "beispiel~ пример~",
            ),
            _group(
                "reasoning_strong",
                "reasoning think thinking logic logical verif(?:y|ies|ying|ication) justif~ deduc~ cot "
                "razonamiento raciocínio raisonne~ "
                "begründ~ рассужд~ пошагов~ логик~",
            ),
            _group(
                "constraint_strong",
                "constraints? restrict~ boundar(?:y|ies) forbid~ prohibit~ limits? limited maximum minimum "
                "guardrails? validat(?:e|ion) "
                "restric~ límite~ limite~ contraint~ einschränk~ beschränk~ grenze~ ограничен~ запрет~",
            ),
            _group(
                "structure_strong",
                "structur~ restructur~ reorgani[sz]~ reorder~ sections? headings? layout template bullet~ schema "
                "organi[sz]ation estructur~ "
                "reorganiz~ sección estrutur~ seção réorganis~ gliederung abschnitt~ umstrukturier~ структур~ "
                "раздел~",
            ),
            _group(
                "clarity_strong",
                "clear~ unclear~ clarif~ clarity ambigu~ vague~ explicit~ precis~ rephrase~ reword~ misleading "
                "confus~ concise wording "
                "aclar~ claridad claramente claro esclare~ clareza clarifi~ clair~ klar~ unklar~ eindeutig~ "
                "präzis~ уточн~ ясн~ понятн~",
            ),
            _group("constraint", "must never always only rules? avoid ensure checks?"),
            _group("structure", "format order lists? json tables?"),
            _group("clarity", "specif(?:y|ies|ic|ically) defin(?:e|ition) meaning terms?"),
            _group("reasoning", "plan steps? intermediate reflect"),
        )
    )
)
_SUBJECT_OPENERS = frozenset(
    {
        "few",
        "step",
        "chain",
        "double",
        "self",
        "at",
        "no",
        "output",
        "for",
        "example",
        "paso",
        "passo",
        "schritt",
        "étape",
        "worked",
    }
)
_SUBJECT_PHRASES = re.compile(
    r"(?P<nothing>for example\b|for instance\b)|(?P<example>few[\s-]shots?|worked \w+|(?<!for )example)\b"
    r"|(?P<reasoning>step[\s-]by[\s-]step|chain[\s-]of[\s-]thought|double[\s-]check\w*|self-check\w*|"
    r"paso a paso|passo a passo|schritt für schritt|étape par étape)\b"
    r"|(?P<constraint>at (?:most|least)|no more than)\b|(?P<structure>output format)\b",
    re.IGNORECASE,
)
_SUBJECT_STEMS = re.compile(
    "(?P<example>示例|例子|範例|范例|例を|サンプル|مثال|أمثلة|उदाहरण)|(?P<reasoning>推理|逐步|思考|"
    "思维|推論|段階的|تفكير|استدلال|خطوة|तर्क|चरण)"
    "|(?P<constraint>约束|限制|禁止|制約|制限|قيد|قيود|حد أقصى|सीमा|प्रतिबंध)|(?P<structure>结构|章节|"
    "格式|構造|構成|セクション|هيكل|تنظيم|قسم|संरचना|अनुभाग)"
    "|(?P<clarity>明确|清晰|澄清|模糊|明確|曖昧|وضوح|واضح|وضّح|स्पष्ट)"
)

_CLUES = """
priorit impact importan severity critical must nice optional p0 p1 p2 p3 p4
(high (low (med (mod (min (opt [high [low [med [mod [min
🔴 🟡 🟠 🟢
"""
_IMPORTANCE_CLUES = _CLUES.split()
_IMPORTANCE = re.compile(
    r"(?P<high>\b(?:high(?:est)?|top|critical|urgent)[\s-]+(?:priority|impact|importance|severity)\b"
    r"|\bpriority\s*[:=(]?\s*(?:high|critical|urgent|1)\b|[\[(](?:high|critical|must[\s-]have)[\])]|"
    r"\bmost\s+important(?:ly)?\b"
    r"|\bmust[\s-](?:have|fix)\b|\bP[01]\b|🔴)"
    r"|(?P<medium>\b(?:medium|moderate|normal)[\s-]+(?:priority|impact|importance|severity)\b"
    r"|\bpriority\s*[:=(]?\s*(?:medium|normal|moderate|2)\b|[\[(](?:medium|moderate)[\])]|\bP2\b|🟡|🟠)"
    r"|(?P<low>\b(?:low(?:est)?|minor)[\s-]+(?:priority|impact|importance|severity)\b"
    r"|\bpriority\s*[:=(]?\s*(?:low|minor|3)\b|[\[(](?:low|minor|optional)[\])]|"
    r"\bnice[\s-]to[\s-]have\b|\bP[34]\b|🟢)",
    re.IGNORECASE,
)
