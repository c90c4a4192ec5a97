"""The words models use for type, category and priority, in the languages they answer in."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType

__all__ = ["match_category", "match_priority", "match_type"]

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
    table = _TABLES[kind]
    folded = unicodedata.normalize("NFKC", value).casefold().strip()
    exact = table.get(_squeeze(folded))
    if exact is not None:
        return exact
    if "." in folded:
        exact = table.get(_squeeze(folded.rsplit(".", 1)[1]))
        if exact is not None:
            return exact
    return _by_words(kind, folded)


def _by_words(kind: str, folded: str) -> str | None:
    table = _TABLES[kind]
    words = [_squeeze(word) for word in _BETWEEN_WORDS.split(folded) if word]
    if len(words) > _MANY_WORDS:
        return None
    for size in (3, 2, 1):
        for start in range(len(words) - size + 1):
            word = "".join(words[start : start + size])
            found = table.get(word) or (table.get(word[:-1]) if word.endswith("s") else None)
            if found is not None and (start == 0 or words[start - 1] not in _NEGATIONS):
                return found
    if folded.isascii():
        return None
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
    if value and not value.strip("!"):
        return _share(min(len(value), 3) / 3)
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

# One row per member: the words, without blanks, that name it when they stand alone or among few others.
_TYPE = {
    "add": """add adds added adding addition additions additive insert insertion inserting include
        inclusion including append introduce introduction new create creation supplement extend incorporate
        provide augment prepend enrich define additionof addnew addinstruction añadir agregar añade agrega
        adición incluir insertar añadido ajouter ajout ajoute insérer inclure hinzufügen ergänzen
        hinzufügung ergänzung einfügen zusatz neu adicionar adição inserir acrescentar incluir добавить
        добавление добавь вставить дополнить включить 添加 增加 新增 加入 补充 插入 添加内容 加 新規追加
        追加 挿入 추가 추가하기 삽입 إضافة أضف اضافة إدراج جोड़ना जोड़ें जोड़ना जोड़ शामिल যোগ যোগকরুন
        যোগকরা সংযোজন شامل اضافہ شاملکریں tambah tambahkan menambahkan penambahan sisipkan aggiungere
        aggiungi aggiunta inserire ekle ekleme eklemek thêm bổsung toevoegen dodaj dodać""",
    "remove": """remove removes removed removing removal delete deletes deleted deleting deletion drop
        dropping eliminate elimination omit omission strip prune discard cut exclude exclusion trim subtract
        erase takeout getridof eliminar quitar borrar suprimir eliminación supprimer suppression retirer
        enlever supprime entfernen löschen streichen entfernung löschung weglassen remover remoção excluir
        retirar удалить удаление убрать исключить удали 删除 移除 去除 去掉 删 除去 削除 삭제 제거 삭제하기
        حذف إزالة أزل احذف हटाना हटाएं हटाएँ हटा निकालें অপসারণ সরান মুছুন মুছেফেলা বাদ ہٹانا ہٹائیں حذفکریں
        hapus menghapus hilangkan buang penghapusan rimuovere rimuovi rimozione eliminare kaldır kaldırma
        sil xóa loạibỏ verwijderen usuń usunąć""",
    "restructure": """restructure restructures restructured restructuring reorganize reorganise
        reorganization reorganisation reorganizing reorder reordering rearrange rearrangement refactor
        refactoring reformat reformatting move moving split splitting merge merging relocate consolidate
        consolidation regroup reshape restructur structural reestructurar reestructuración reorganizar
        reordenar restructurer restructuration réorganiser réorganisation réordonner umstrukturieren
        umstrukturierung neustrukturieren neuordnen umordnen neugliedern reestruturar reestruturação
        reorganização реструктурировать реструктуризация реорганизовать перестроить переструктурировать
        перегруппировать 重组 重构 重新组织 调整结构 重新排序 重排 重組 再構成 再編成 構造変更 構成変更
        並べ替え 재구성 재구조화 구조변경 재배치 إعادةهيكلة إعادةالهيكلة إعادةتنظيم إعادةترتيب أعدهيكلة
        पुनर्गठन पुनर्संरचना पुनर्गठित পুনর্গঠন পুনর্বিন্যাস تنظیمنو ازسرنوترتیب restrukturisasi
        strukturulang menyusunulang ristrutturare riorganizzare riorganizzazione yenidenyapılandır
        yenidendüzenle táicấutrúc sắpxếplại herstructureren przebuduj""",
    "modify": """modify modifies modified modifying modification modifications change changes changed
        changing update updates updated updating edit editing replace replaces replacing replacement rewrite
        rewriting reword rewording revise revision rephrase rephrasing refine refinement improve improvement
        strengthen strengthening adjust adjustment alter alteration fix fixing tweak enhance enhancement
        expand expansion substitute substitution clarify clarification amend correct correction emphasize
        simplify tighten modificar cambiar cambio modificación reemplazar actualizar ajustar mejorar
        modifica modifier modification changer remplacer mettreàjour ajuster améliorer ändern modifizieren
        änderung anpassen ersetzen anpassung überarbeiten aktualisieren abändern bearbeiten alterar mudar
        modificação alteração substituir atualizar изменить изменение модифицировать заменить обновить
        скорректировать исправить модификация 修改 更改 变更 调整 替换 修正 改进 改写 更新 变更 変更
        修正する 改善 수정 변경 수정하기 개선 تعديل عدل عدّل تغيير تحديث استبدال संशोधित संशोधन बदलें बदलना
        बदल सुधार পরিবর্তন সংশোধন সংশোধনকরুন পরিবর্তনকরুন ترمیم تبدیل تبدیلی ubah mengubah modifikasi ganti
        perbaiki modificare cambiare sostituire modifica değiştir değiştirme düzenle güncelle sửađổi thayđổi
        chỉnhsửa wijzigen aanpassen zmień zmodyfikuj""",
}
_CATEGORY = {
    "clarity": """clarity clear clearness clarification clarify clearer wording ambiguity ambiguous
        disambiguation specificity specific language precision unclear vagueness vague readability phrasing
        conciseness instruction instructions instructionclarity understanding communication tone style
        definition terminology explicitness simplicity claridad clarté klarheit clareza ясность понятность
        чёткость четкость 清晰 清晰度 清晰性 明确性 明确 明晰性 明瞭さ 明確さ 明確性 明確化 명확성 명료성
        وضوح الوضوح स्पष्टता স্পষ্টতা وضاحت kejelasan chiarezza açıklık netlik rõràng duidelijkheid jasność
        verständlichkeit deutlichkeit""",
    "constraint": """constraint constraints rule rules limit limits limitation limitations restriction
        restrictions guardrail guardrails boundary boundaries requirement requirements safety validation
        scope policy prohibition guideline guidelines compliance safeguard safeguards condition conditions
        errorhandling edgecase edgecases restricción restricciones limitación contrainte contraintes
        einschränkung einschränkungen beschränkung vorgabe bedingung randbedingung restrição restrições
        limitação ограничение ограничения 约束 约束条件 限制 限制条件 約束 制約 制約条件 制限 제약 제약조건
        제한 제약사항 قيد القيد قيود القيود बाधा प्रतिबंध सीमा बंधन সীমাবদ্ধতা শর্ত বাধা বিধিনিষেধ پابندی حد
        kendala batasan pembatasan vincolo vincoli kısıt kısıtlama ràngbuộc beperking ograniczenie""",
    "example": """example examples exampleaddition demonstration demonstrations demo demos fewshot fewshots
        fewshotexample sample samples illustration illustrations exemplar exemplars workedexample usecase
        case counterexample ejemplo ejemplos exemple exemples beispiel beispiele exemplo exemplos пример
        примеры 示例 例子 范例 举例 样例 範例 例 例示 事例 サンプル 예시 예제 예 مثال أمثلة الأمثلة امثلة
        उदाहरण উদাহরণ مثالیں contoh esempio esempi örnek örnekler vídụ voorbeeld przykład""",
    "structure": """structure structural structuring format formatting organization organisation
        organizational layout ordering order outputformat output sections presentation formatspec template
        sequence flow hierarchy promptstructure estructura formato organización structuré mise enforme
        struktur aufbau gliederung formatierung estrutura formatação organização структура форматирование
        формат организация 结构 格式 结构化 组织 布局 結構 構造 構成 書式 フォーマット 形式 구조 형식 구성
        هيكل الهيكل بنية البنية تنسيق هيكلة संरचना ढांचा প্রারূপ গঠন কাঠামো ساخت ڈھانچہ strukturnya susunan
        struttura formattazione yapı biçim cấutrúc structuur struktura""",
    "reasoning": """reasoning reason logic logical chainofthought cot thinking thoughtprocess stepbystep
        planning verification selfcheck selfverification analysis inference deduction rationale
        problemsolving metacognition reflection calculation computation strategy methodology razonamiento
        lógica raisonnement logique schlussfolgerung begründung argumentation denken logik schlussfolgern
        raciocínio рассуждение рассуждения логика мышление 推理 推理过程 逻辑 思维 思考 推論 論理 추론 논리
        사고 تفكير التفكير الاستدلال استدلال منطق المنطق तर्क तर्कशक्ति विचार যুক্তি যৌক্তিকতা চিন্তা
        استدلالی penalaran logika ragionamento logica muhakeme akılyürütme mantık lýluận suyluận redenering
        rozumowanie""",
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
# Scripts that join words without blanks are searched by part; the longest word first.
_STEMS = {
    kind: sorted(((w, n) for w, n in table.items() if not w.isascii()), key=lambda pair: -len(pair[0]))
    for kind, table in _TABLES.items()
}
