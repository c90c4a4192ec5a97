"""What kind of change a sentence asks for, when the answer does not say it in a field."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType
from reflector.reflection.vocabulary import match_priority
from reflector.reflection.word_patterns import words_of

__all__ = ["infer_category", "infer_priority", "infer_type"]

_READ = 500
"""Characters looked at: the verb and the subject of a change stand at its beginning."""
_STRONG, _WEAK = 3, 1


def infer_type(text: str) -> SuggestionType:
    """Return what the first verb of change in `text` does to a prompt; `modify` when there is none.

    Whole words in ten languages, whatever their case; a negated verb does not count.

    >>> infer_type("Add examples."), infer_type("Address the tone."), infer_type("Drop rule 3.")
    (<SuggestionType.ADD: 'add'>, <SuggestionType.MODIFY: 'modify'>, <SuggestionType.REMOVE: 'remove'>)
    """
    head = _head(text)
    if _is_joined(head) and (stem := _VERBS.stems.search(head)):
        return SuggestionType(str(stem.lastgroup))
    before = ""
    for word in _WORD.findall(head):
        kind = _VERBS.member(word)
        if kind is not None and before not in _NEGATIONS:
            return SuggestionType(kind)
        before = word
    return SuggestionType.ADD if _ABSENCE.search(head) else SuggestionType.MODIFY


def infer_category(text: str) -> SuggestionCategory:
    """Return what `text` is mostly about; on a tie what it names first, `clarity` when nothing is named.

    >>> infer_category("The goal is unclear because it has two meanings.")
    <SuggestionCategory.CLARITY: 'clarity'>
    """
    head = _head(text)
    weights: Counter[str] = Counter()
    for word in _WORD.findall(head):
        if strong := _SUBJECTS.member(word):
            weights[strong] += _STRONG
        elif weak := _WEAK_SUBJECTS.member(word):
            weights[weak] += _WEAK
    for stem in _SUBJECTS.stems.finditer(head) if _is_joined(head) else ():
        weights[str(stem.lastgroup)] += _STRONG
    if weights:
        return SuggestionCategory(max(weights, key=lambda name: weights[name]))
    moves = infer_type(text) is SuggestionType.RESTRUCTURE
    return SuggestionCategory.STRUCTURE if moves else SuggestionCategory.CLARITY


def infer_priority(text: str) -> Priority | None:
    """Return the priority that `text` itself names, None when it names none.

    Only phrases that speak of importance count: "low-dimensional" is no low priority.
    """
    said = (found[found.lastindex or 0] for found in _IMPORTANCE.finditer(text[:_READ].lower()))
    return next(filter(None, map(match_priority, said)), None)


@lru_cache(maxsize=64)
def _head(text: str) -> str:
    """Return the beginning of `text` in lower case, each phrase replaced by the one word that means the same."""
    return _PHRASES.sub(lambda phrase: f" {phrase.lastgroup} ", text[:_READ].lower())


def _is_joined(text: str) -> bool:
    """Return whether `text` has letters beyond Latin, Greek and Cyrillic: there, words are found as stems."""
    return not text.isascii() and max(text) > _BEYOND


class _Groups:
    """Words by what they mean; `~` stands for any ending, a word beyond Cyrillic is a stem."""

    def __init__(self, **rows: str) -> None:
        self.words, self.stems = (_pattern(rows, is_joined) for is_joined in (False, True))
        self.member = lru_cache(maxsize=8192)(self._member)

    def _member(self, word: str) -> str | None:
        found = self.words.fullmatch(word)
        return found.lastgroup if found else None


def _pattern(rows: dict[str, str], is_joined: bool) -> re.Pattern[str]:
    """Return a pattern with one named group a row, of its words or of its stems."""
    tables = {name: [it for it in row.split() if _is_joined(it) is is_joined] for name, row in rows.items()}
    groups = [f"(?P<{name}>{'|'.join(words)})" for name, words in tables.items() if words]
    return re.compile("|".join(groups).replace("~", r"\w*"))


_WORD = re.compile(r"[^\W_]+")
_BEYOND = "\u0590"
_NEGATIONS = words_of("not t never without nicht não не")
_PHRASES = re.compile(
    r"\b(?:(?P<remove>get(?:ting)? rid of|tak(?:e|ing) out|leav(?:e|ing) out)"
    r"|(?P<restructure>break(?:ing)?(?: \w+){0,4} (?:down|up|into)|neu (?:ordnen|gliedern|strukturieren)"
    r"|re-(?:order|organi[sz]|structur)\w*)"
    r"|(?P<nothing>for example|for instance)|(?P<examples>few[\s-]shots?|worked \w+)"
    r"|(?P<reasoning>step[\s-]by[\s-]step|chain[\s-]of[\s-]thought|double[\s-]check\w*|self-check\w*|paso a paso"
    r"|passo a passo|schritt für schritt|étape par étape)"
    r"|(?P<maximum>at (?:most|least)|no more than)|(?P<layout>output format))\b"
)
_VERBS = _Groups(
    restructure=r"""
        restructur~ reorgani[sz]~ reorder~ rearrang~ regroup~ consolidat~ merg(?:e|es|ing|ed) split(?:ting)?
        mov(?:e|es|ed|ing) group(?:ing|ed)? separat(?:e|ing) convert(?:ing)? reestructur~ reorden~
        divid(?:a|e|ir|an) muev~ mover reestrutur~ mova réorganis~ réordonn~ scind~ déplac~ umstrukturier~
        gliede~ umstell~ verschieb~ ordne~ aufteil~ umsortier~ реструктур~ переструктур~ реорганиз~ перестро~
        переупоряд~ раздели~ перенес~ сгруппир~ 重组 重新组织 重构 重新排列 拆分 合并 调整结构 移到 移至
        再構成 再編 並べ替え 並び替え 分割 構成を 移動 재구성
        (?:أعد|إعادة)\s+(?:هيكلة|تنظيم|ترتيب) انقل نقل قسّم पुनर्गठ पुनर्व्यवस्थ पुनः\s+व्यवस्थित
    """,
    remove=r"""
        remov(?:e|es|ed|ing|al|a|er|am) delet(?:e|es|ed|ing|ion) drop(?:s|ped|ping)? cut(?:s|ting)? eliminat~
        strip(?:ping)? omit~ discard~ prun(?:e|ing) elimin(?:e|ar|a|ez|en) quit(?:e|ar|a|en) borr(?:e|ar|a)
        suprim(?:e|a|ir|er|ez) retir(?:e|ar|er|ez) exclu(?:a|ir) supprim~ enlev~ élimin~ entfern~ lösch~
        streich~ weglass~ удал~ убер~ убрать исключ~ 删除 移除 去掉 去除 删去 削除 取り除 除去 삭제 제거 احذف
        حذف إزالة أزل हटा निकाल
    """,
    modify=r"""
        modif~ chang(?:e|es|ed|ing) replac(?:e|es|ed|ing|ement) rephras~ reword~ clarif~ rewrit~
        updat(?:e|es|ed|ing) revis~ adjust~ tighten~ simplif~ shorten~ soften~ strengthen~ refin~
        fix(?:es|ing)? correct(?:ing)? expand~ sharpen~ tweak~ emphasi[sz]~ narrow~ rename~ swap~ substitut~
        cambi(?:e|ar|a|en) reempla[zc]~ sustitu~ aclar~ reescrib~ ajust~ alter(?:e|ar|a|ação)
        mud(?:e|ar|ança) esclare[çc]~ reescrev~ chang(?:er|ez) remplac~ clarifi~ reformul~ réécri~
        précis(?:er|ez) änder~ ersetz~ präzisier~ formulier~ überarbeit~ anpass~ klär~ verdeutlich~ измен~
        замен~ уточн~ перепи~ исправ~ переформул~ 修改 改为 替换 更改 改写 改成 明确 调整 澄清 变更 简化 変更
        修正 置き換 書き換 明確 수정 변경 대체 عدّل عدل تعديل غيّر تغيير استبدل استبدال وضّح وضح توضيح बदल संशोध
        स्पष्ट
    """,
    add=r"""
        add(?:s|ed|ing|ition|itions)? includ(?:e|es|ed|ing) inclusion insert(?:s|ed|ing)? append~ prepend~
        incorporat~ introduc(?:e|es|ed|ing) provid(?:e|es|ing) supply~ giv(?:e|ing) stat(?:e|ing)
        mention(?:ing)? specif(?:y|ies|ying) requir(?:e|ing) defin(?:e|ing) tell(?:ing)? instruct(?:ing)?
        ask(?:ing)? limit(?:ing)? set(?:ting)? enforc(?:e|ing) list(?:ing)? forbid prohibit enumerate
        document remind embed attach declare mandate añad~ agreg~ inclu(?:ya|ye|ir|a|re|ez|yan) incorpor~
        insert~ adicion~ acrescent~ insir~ ajout~ insér~ indiqu~ hinzu~ ergänz~ füge~ einfüg~ aufnehm~ nimm
        nenne~ добав~ включ~ встав~ укаж~ указать 添加 增加 加入 补充 新增 加上 提供 列出 规定 要求 追加 加え
        含め 추가 포함 أضف اضف إضافة أدرج تضمين اذكر حدد حدّد जोड़ जोड शामिल
    """,
)
_ABSENCE = re.compile(r"\b(?:missing|lacks?|lacking|absent|no mention|never (?:says|states|mentions))\b")
_IMPORTANCE = re.compile(
    r"\b(?:(high|highest|top|critical|urgent|medium|moderate|normal|low|lowest|minor)"
    r"[\s-]+(?:priority|impact|importance|severity)\b|priority\s*[:=(]?\s*(\w+)|most\s+(important)(?:ly)?\b"
    r"|(must[\s-](?:have|fix)|nice[\s-]to[\s-]have|p[0-4])\b)"
    r"|[\[(](high|critical|medium|moderate|low|minor|optional)[\])]|([🔴🟡🟠🟢])"
)
_SUBJECTS = _Groups(
    example=r"""
        examples? exemplars? demonstrations? fewshot counterexamples? ejemplos? exemplos? exemples? beispiel~
        пример~ 示例 例子 範例 范例 例を サンプル مثال أمثلة उदाहरण
    """,
    reasoning=r"""
        reasoning think thinking logic logical verif(?:y|ies|ying|ication) justif~ deduc~ cot razonamiento
        raciocínio raisonne~ begründ~ рассужд~ пошагов~ логик~ 推理 逐步 思考 思维 推論 段階的 تفكير استدلال
        خطوة तर्क चरण
    """,
    constraint=r"""
        constraints? restrict~ boundar(?:y|ies) forbid~ prohibit~ limits? limited maximum minimum guardrails?
        validat(?:e|ion) restric~ límite~ limite~ contraint~ einschränk~ beschränk~ grenze~ ограничен~
        запрет~ 约束 限制 禁止 制約 制限 قيد قيود सीमा प्रतिबंध
    """,
    structure=r"""
        structur~ restructur~ reorgani[sz]~ reorder~ sections? headings? layout template bullet~ schema
        organi[sz]ation estructur~ reorganiz~ sección estrutur~ seção réorganis~ gliederung abschnitt~
        umstrukturier~ структур~ раздел~ 结构 章节 格式 構造 構成 セクション هيكل تنظيم قسم संरचना अनुभाग
    """,
    clarity=r"""
        clear~ unclear~ clarif~ clarity ambigu~ vague~ explicit~ precis~ rephrase~ reword~ misleading confus~
        concise wording aclar~ claridad claramente claro esclare~ clareza clarifi~ clair~ klar~ unklar~
        eindeutig~ präzis~ уточн~ ясн~ понятн~ 明确 清晰 澄清 模糊 明確 曖昧 وضوح واضح وضّح स्पष्ट
    """,
)
_WEAK_SUBJECTS = _Groups(
    constraint="must never always only rules? avoid ensure checks?",
    structure="format order lists? json tables?",
    clarity="specif(?:y|ies|ic|ically) defin(?:e|ition) meaning terms?",
    reasoning="plan steps? intermediate reflect",
)
