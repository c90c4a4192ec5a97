"""The words models use for type, category and priority, in the languages they answer in."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType

__all__ = ["SUBJECTS", "VERBS", "WordGroups", "is_joined", "match_category", "match_priority", "match_type"]

_LONGEST = 120
"""A longer value is a sentence, not the name of a kind."""


def match_type(value: object) -> SuggestionType | None:
    """Return the type that `value` names in whatever words, None if it names none.

    >>> match_type("SuggestionType.ADD"), match_type("Rewording"), match_type("banana")
    (<SuggestionType.ADD: 'add'>, <SuggestionType.MODIFY: 'modify'>, None)
    """
    name = _match("type", value) if isinstance(value, str) and len(value) <= _LONGEST else None
    return SuggestionType(name) if name else None


def match_category(value: object) -> SuggestionCategory | None:
    """Return the category that `value` names in whatever words, None if it names none."""
    name = _match("category", value) if isinstance(value, str) and len(value) <= _LONGEST else None
    return SuggestionCategory(name) if name else None


def match_priority(value: object) -> Priority | None:
    """Return the priority that `value` names: a word, a rank, P0 to P4, n/10, a percentage, stars or a colour.

    A whole number up to 5 is a rank (1 comes first); larger ones count out of ten, or out of a hundred.

    >>> [match_priority(v).value for v in ("Critical!", 2, "8/10", "P3", "🟡", "★★★☆☆", 0.9)]
    ['high', 'medium', 'high', 'low', 'medium', 'medium', 'high']
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _rank(float(value), isinstance(value, int))
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    name = _match("priority", value)
    return Priority(name) if name else _measured(value)


@lru_cache(maxsize=4096)
def _match(kind: str, value: str) -> str | None:
    """Return the name of the member that `value` means: exact, then its last dotted part, then by words."""
    folded = unicodedata.normalize("NFKC", value).casefold().strip()
    table = _TABLES[kind]
    exact = table.get(_squeeze(folded)) or table.get(_squeeze(folded.rsplit(".", 1)[-1]))
    return exact or _by_words(kind, folded)


def _by_words(kind: str, folded: str) -> str | None:
    table, said = _TABLES[kind], _SAID.get(kind)
    words = [_squeeze(word) for word in _BETWEEN_WORDS.split(folded) if word]
    if len(words) > _MANY_WORDS:
        return None
    for size in (3, 2, 1):
        for start in range(len(words) - size + 1):
            word = "".join(words[start : start + size])
            found = table.get(word) or table.get(word.removesuffix("s"))
            if said and found is None and (size == 1 or len(words[start]) <= _PREFIX):
                found = said.member(word) or said.member(word.removesuffix("s"))
            if found is not None and (start == 0 or words[start - 1] not in _NEGATIONS):
                return found
    if folded.isascii():
        return None
    if said and (stem := said.stems.search(folded)):
        return stem.lastgroup
    return next((name for word, name in _STEMS[kind] if word in folded), None)


def _squeeze(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _measured(value: str) -> Priority | None:
    """Return the priority that a figure, stars or a colour stand for."""
    for colour, priority in _COLOURS.items():
        if colour in value:
            return priority
    full, empty = sum(value.count(star) for star in "★⭐🌟"), value.count("☆")
    if full:
        return _share(full / (full + empty)) if empty or full > _MOST_STARS else _share(full / _MOST_STARS)
    if found := _FRACTION.search(value):
        top, base = float(found[1].replace(",", ".")), float(found[2])
        return _share(top / base) if base else None
    if found := _PERCENT.search(value):
        return _share(float(found[1].replace(",", ".")) / 100)
    if found := _P_LEVEL.search(value):
        return (
            (Priority.HIGH, Priority.HIGH, Priority.MEDIUM)[int(found[1])]
            if int(found[1]) < 3
            else Priority.LOW
        )
    if found := _NUMBER.search(value):
        return _rank(float(found[1].replace(",", ".")), "." not in found[1] and "," not in found[1])
    return None


def _rank(number: float, whole: bool) -> Priority | None:
    if not 0 <= number <= 100:
        return None
    if not whole and number <= 1:
        return _share(number)
    if number <= _WORST_RANK:
        return Priority.HIGH if number < 2 else Priority.MEDIUM if number < 3 else Priority.LOW
    return _share(number / 10 if number <= 10 else number / 100)


def _share(share: float) -> Priority:
    return Priority.HIGH if share >= 0.7 else Priority.MEDIUM if share >= 0.4 else Priority.LOW


_PREFIX = 3
"""Letters of a word that may be the first half of another: `re-order`, `few-shot`."""
_MANY_WORDS = 8
_MOST_STARS = 3
_WORST_RANK = 5
_BETWEEN_WORDS = re.compile(r"[\s\-_/,;:|.()&+\[\]{}<>\"'`*#=→–—、，；：（）「」]+")
_NEGATIONS = frozenset({"not", "no", "non", "nicht", "não", "не"})
_FRACTION = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:/|out of|of|von|sur|de|из)\s*(\d+)")
_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)\s*[%％]")
_P_LEVEL = re.compile(r"\b[pP][\s_-]?([0-9])\b")
_NUMBER = re.compile(r"(?<![\w.])#?(\d+(?:[.,]\d+)?)(?![\w])")
_COLOURS = {
    **dict.fromkeys("🔴🟥🟠🟧🔥🚨⬆🔼🔺❗‼⛔", Priority.HIGH),
    **dict.fromkeys("🟡🟨⚠➡🔶⚡", Priority.MEDIUM),
    **dict.fromkeys("🟢🟩🔵🟦⬇🔽⚪🔻", Priority.LOW),
}


def is_joined(text: str) -> bool:
    """Return whether `text` has letters beyond Latin, Greek and Cyrillic: there, words are found as stems."""
    return not text.isascii() and max(text) > _BEYOND


class WordGroups:
    """Words by what they mean; `~` stands for any ending, a word beyond Cyrillic is a stem."""

    def __init__(self, **rows: str) -> None:
        self.words, self.stems = (_pattern(rows, joined) for joined in (False, True))
        self.member = lru_cache(maxsize=8192)(self._member)

    def _member(self, word: str) -> str | None:
        found = self.words.fullmatch(word)
        return found.lastgroup if found else None


def _pattern(rows: dict[str, str], joined: bool) -> re.Pattern[str]:
    """Return a pattern with one named group a row, of its words or of its stems."""
    tables = {name: [it for it in row.split() if is_joined(it) is joined] for name, row in rows.items()}
    groups = [f"(?P<{name}>{'|'.join(words)})" for name, words in tables.items() if words]
    return re.compile("|".join(groups).replace("~", r"\w*"))


_BEYOND = "\u0590"


VERBS = WordGroups(
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
"""What a sentence does to a prompt."""
SUBJECTS = WordGroups(
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
"""What a sentence is about."""

# One row per member: words, without blanks, that name it when they stand alone or among few others, beside those above.
_TYPE = {
    "add": """additive introduction new create creation supplement extend augment enrich additionof addnew
        addinstruction adición zusatz neu adição inserir дополнить 插入 加 挿入 삽입 اضافة إدراج جोड़ना যোগ
        যোগকরুন যোগকরা সংযোজন شامل اضافہ شاملکریں tambah tambahkan menambahkan penambahan sisipkan
        aggiungere aggiungi aggiunta inserire ekle ekleme eklemek thêm bổsung toevoegen dodaj dodać""",
    "remove": """omission exclude exclusion trim subtract erase takeout getridof eliminación suppression remoção 删
        অপসারণ সরান মুছুন মুছেফেলা বাদ ہٹانا ہٹائیں hapus menghapus hilangkan buang penghapusan rimuovere
        rimuovi rimozione eliminare kaldır kaldırma sil xóa loạibỏ verwijderen usuń usunąć""",
    "restructure": """refactor refactoring reformat reformatting relocate reshape structural neustrukturieren neuordnen
        umordnen neugliedern перегруппировать 重新排序 重排 重組 構造変更 構成変更 재구조화 구조변경
        재배치 إعادةهيكلة إعادةالهيكلة إعادةتنظيم إعادةترتيب أعدهيكلة पुनर्संरचना পুনর্গঠন পুনর্বিন্যাস
        تنظیمنو ازسرنوترتیب restrukturisasi strukturulang menyusunulang ristrutturare riorganizzare
        riorganizzazione yenidenyapılandır yenidendüzenle táicấutrúc sắpxếplại herstructureren przebuduj""",
    "modify": """edit editing improve improvement alter alteration enhance enhancement expansion amend correction
        cambio actualizar mejorar mettreàjour améliorer aktualisieren abändern bearbeiten substituir
        atualizar модифицировать обновить скорректировать модификация 改进 更新 改善 개선 تحديث सुधार
        পরিবর্তন সংশোধন সংশোধনকরুন পরিবর্তনকরুন ترمیم تبدیل تبدیلی ubah mengubah ganti perbaiki cambiare
        sostituire değiştir değiştirme düzenle güncelle sửađổi thayđổi chỉnhsửa wijzigen aanpassen zmień
        zmodyfikuj""",
}
_CATEGORY = {
    "clarity": """disambiguation specificity specific language readability phrasing conciseness instruction
        instructions instructionclarity understanding communication tone style definition terminology
        simplicity clarté чёткость четкость 明晰性 明瞭さ 명확성 명료성 স্পষ্টতা وضاحت kejelasan chiarezza
        açıklık netlik rõràng duidelijkheid jasność verständlichkeit deutlichkeit""",
    "constraint": """rule rules limitation limitations requirement requirements safety scope policy guideline
        guidelines compliance safeguard safeguards condition conditions errorhandling edgecase edgecases
        limitación vorgabe bedingung randbedingung restrição restrições limitação 約束 제약 제약조건 제한
        제약사항 बाधा बंधन সীমাবদ্ধতা শর্ত বাধা বিধিনিষেধ پابندی حد kendala batasan pembatasan vincolo
        vincoli kısıt kısıtlama ràngbuộc beperking ograniczenie""",
    "example": """exampleaddition demo demos fewshots fewshotexample sample samples illustration illustrations
        workedexample usecase case 举例 样例 例 例示 事例 예시 예제 예 امثلة উদাহরণ contoh esempio esempi
        örnek örnekler vídụ voorbeeld przykład""",
    "structure": """format formatting organizational ordering order outputformat output presentation formatspec
        sequence flow hierarchy promptstructure formato organización mise enforme struktur aufbau
        formatierung formatação organização форматирование формат организация 组织 布局 結構 書式
        フォーマット 形式 구조 형식 구성 بنية البنية تنسيق ढांचा প্রারূপ গঠন কাঠামো ساخت ڈھانچہ strukturnya
        susunan struttura formattazione yapı biçim cấutrúc structuur struktura""",
    "reasoning": """reason chainofthought thoughtprocess stepbystep planning selfcheck selfverification analysis
        inference rationale problemsolving metacognition reflection calculation computation strategy
        methodology lógica logique schlussfolgerung argumentation denken logik schlussfolgern мышление
        逻辑 論理 추론 논리 사고 منطق المنطق विचार যুক্তি যৌক্তিকতা চিন্তা penalaran logika ragionamento
        logica muhakeme akılyürütme mantık lýluận suyluận redenering rozumowanie""",
}
_PRIORITY = {
    "high": """high highest higher critical crit urgent must musthave top important veryimportant major
        essential severe severity1 blocker blocking immediate vital crucial h hi veryhigh extreme maximum
        max key first mandatory required toppriority s1 a necessary strong significant alta alto altísima
        elevada crítica urgente crítico importante haute haut élevée élevé critique élevées hoch hohe hoher
        höchste dringend kritisch wichtig высокий высокая высокое высок критический критично критическая
        срочно важно 高 高优先级 最高 紧急 重要 关键 严重 高い 最優先 緊急 높음 높은 상 매우높음 긴급 중요
        عالية عالي مرتفع مرتفعة عال حرج उच्च ऊंचा उच्चतम महत्वपूर्ण অধিক উচ্চ বেশি জরুরি اعلی زیادہ بلند اہم
        tinggi penting yüksek kritik cao hoog wysoki wysoka altissima""",
    "medium": """medium med mid middle moderate normal average mediumhigh mediumlow standard intermediate
        default should shouldhave m b regular neutral fair secondary media medio moderada moderado média
        médio moyenne moyen modérée modéré mittel mittlere mittlerer normale средний средняя среднее
        умеренный умеренная 中 中等 中等优先级 中级 一般 普通 中程度 中くらい 보통 중간 중 متوسط متوسطة
        मध्यम মাঝারি মধ্যম درمیانہ درمیانی متوسطہ sedang menengah moderato orta trungbình gemiddeld średni
        średnia moyennement""",
    "low": """low lowest lower minor optional nicetohave could couldhave trivial small minimal minimum min
        l c verylow negligible cosmetic later wont wonthave least weak maybe baja bajo menor opcional basse
        bas faible mineur mineure optionnel niedrig niedrige niedriger gering geringe optional baixa baixo
        низкий низкая низкое низк незначительный 低 低优先级 较低 次要 低い 낮음 낮은 하 낮은우선순위 منخفض
        منخفضة منخفضه ضعيف निम्न कम न्यून নিম্ন কম নিচু کم ادنی rendah bassa basso düşük thấp laag niski
        niska""",
}


def _table(rows: dict[str, str]) -> dict[str, str]:
    """Return squeezed word -> member; the first row that claims a word keeps it."""
    table: dict[str, str] = {}
    for name, words in rows.items():
        for word in words.split():
            table.setdefault(_squeeze(unicodedata.normalize("NFKC", word).casefold()), name)
    return table


_TABLES = {"type": _table(_TYPE), "category": _table(_CATEGORY), "priority": _table(_PRIORITY)}
_SAID = {"type": VERBS, "category": SUBJECTS}
# Scripts that join words without blanks are searched by part; the longest word first.
_STEMS = {
    kind: sorted(((w, n) for w, n in table.items() if not w.isascii()), key=lambda pair: -len(pair[0]))
    for kind, table in _TABLES.items()
}
