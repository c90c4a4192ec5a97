"""The names models give to the fields of a reflection, in the languages they answer in."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["GROUP_ITEMS", "NUMBERED", "REFLECTION_FIELDS", "SUGGESTION_FIELDS", "FieldNames", "normal_key"]


@lru_cache(maxsize=4096)
def normal_key(key: str) -> str:
    """Return `key` without case, blanks, punctuation and accents of width: `rootCauses` is `root_causes`.

    >>> normal_key("rootCauses") == normal_key("Root causes:") == normal_key("root\\\\_causes")
    True
    """
    return "".join(c for c in unicodedata.normalize("NFKC", key[:80]).casefold() if c.isalnum())


class FieldNames:
    """The names of some fields: in groups, from those that name a field alone to those that usually do."""

    def __init__(self, rows: dict[str, tuple[str, ...]]) -> None:
        self._wishes: dict[str, dict[str, tuple[int, int, int]]] = {}
        for order, (field, groups) in enumerate(rows.items()):
            for strength, names in enumerate(groups):
                for place, name in enumerate(names.split()):
                    wishes = self._wishes.setdefault(normal_key(name), {})
                    wishes.setdefault(field, (strength, order, place))
        # Objects of one answer have the same keys: what they mean is worked out once.
        self.plan = lru_cache(maxsize=2048)(self._plan)

    def strength(self, key: str, field: str) -> int | None:
        """Return how surely `key` names `field`: 0 exactly, 2 only usually; None if it does not."""
        wish = self._wishes_of(key).get(field)
        return None if wish is None else wish[0]

    def _wishes_of(self, key: str) -> dict[str, tuple[int, int, int]]:
        """Return field -> wish of `key`: by its whole name, else by its stem before a number or a preposition."""
        normal = normal_key(key)
        known = self._wishes.get(normal)
        if known is not None:
            return known
        if digits := _NUMBERED.search(normal):
            stem = self._wishes.get(normal[: digits.start()], {})
            return {field: (NUMBERED, wish[1], 0) for field, wish in list(stem.items())[:1]}
        if preposition := _PREPOSITION.search(key[:80]):
            stem = self._wishes.get(normal_key(key[: preposition.start()]), {})
            return {field: (2, *wish[1:]) for field, wish in stem.items() if wish[0] < 2}
        return {}

    def _plan(self, keys: tuple[str, ...]) -> tuple[tuple[str, str, int], ...]:
        """Return (field, key, strength), the surest first: the order in which keys are given to fields."""
        wishes: list[tuple[tuple[int, int, int], int, str, str]] = []
        for number, key in enumerate(keys):
            wishes.extend((wish, number, field, key) for field, wish in self._wishes_of(key).items())
        return tuple((field, key, wish[0]) for wish, _, field, key in sorted(wishes))


NUMBERED = 3
"""Strength of a name with a number at its end, such as `suggestion_2`."""
_NUMBERED = re.compile(r"\d+$")
_PREPOSITION = re.compile(
    r"[ _](?:of|for|to|de|del|des|du|di|da|do|dos|della|zur|zum|für|der|для|por|pour|per|para|d['’]|l['’])(?=[ _\w])"
)
"""What follows only narrows the name: `Tipo de cambio`, `suggestions for the prompt`."""


# Each field: names that mean it alone; names that usually do; names that do when nothing better is there.
REFLECTION_FIELDS = FieldNames(
    {
        "analysis": (
            "analysis",
            """failure_analysis analysis_summary overall_analysis analysis_text diagnosis
            summary_of_analysis root_analysis prompt_analysis trajectory_analysis problem_analysis
            error_analysis critique análisis analisis analyse análise diagnóstico diagnostic diagnose анализ
            диагноз 分析 問題分析 问题分析 分析結果 分析结果 失败分析 总体分析 분석 분석결과 تحليل التحليل
            विश्लेषण বিশ্লেষণ تجزیہ analisa analisi analiz phântích analiza analys""",
            """what_went_wrong what_happened failure_summary problem_summary executive_summary
            verdict insights insight failure_description
            summary overview assessment evaluation explanation reflection review observations reasoning
            thoughts findings overall_assessment feedback description thought problem
            resumen resumo résumé zusammenfassung резюме обзор 总结 摘要 概要 要約 요약 ملخص सारांश সারাংশ
            خلاصہ ringkasan riepilogo özet explicación explication erklärung""",
        ),
        "root_causes": (
            "root_causes",
            """root_cause rootcause causes cause root_cause_analysis underlying_causes primary_causes
            main_causes failure_causes reasons_for_failure key_causes probable_causes causas_raíz
            causas_raiz causa_raíz causas causas_principales causas_fundamentales causes_profondes
            causes_racines cause_racine causes_principales causes_fondamentales ursachen grundursachen
            hauptursachen ursache kernursachen causas_raízes causas_principais коренные_причины причины
            первопричины основные_причины корневые_причины причина 根本原因 原因 主要原因 根因 根源 원인
            근본원인 근본_원인 주요원인 الأسباب_الجذرية أسباب_جذرية الأسباب السبب_الجذري اسباب मूल_कारण कारण
            मूल_कारणों মূল_কারণ কারণ মূল_কারণসমূহ মূল_কারণগুলি কারণসমূহ بنیادی_وجوہات وجوہات بنیادی_وجہ
            اسباب akar_masalah penyebab akar_penyebab penyebab_utama cause_principali cause_radice
            kök_nedenler nedenler nguyên_nhân nguyên_nhân_gốc_rễ oorzaken przyczyny grondoorzaken""",
            """why why_it_failed contributing_factors factors why_it_went_wrong root_problems
            issues problems reasons weaknesses failures errors failure_reasons failure_reason mistakes
            key_findings key_problems main_issues main_problems limitations
            flaws key_issues identified_issues gaps problemas problèmes probleme проблемы 问题 問題 문제
            문제점 مشاكل समस्याएं সমস্যা مسائل masalah problemi sorunlar""",
        ),
        "suggestions": (
            "suggestions",
            """suggestion recommendations recommendation improvements proposed_changes suggested_changes
            suggested_improvements prompt_suggestions improvement_suggestions recommended_changes edits
            proposed_edits prompt_edits prompt_improvements proposals suggested_edits fixes
            recommended_fixes suggestions_list suggestion_list proposed_improvements prompt_changes
            modifications_suggested sugerencias sugerencia recomendaciones propuestas mejoras
            recommandations améliorations propositions vorschläge vorschlag verbesserungsvorschläge
            empfehlungen verbesserungen änderungsvorschläge sugestões sugestão recomendações melhorias
            propostas предложения рекомендации улучшения советы 建议 建議 改进建议 改善建议 推荐 修改建议
            优化建议 提案 改善案 改善提案 推奨事項 提案事項 제안 제안사항 개선안 개선사항 권장사항 개선제안
            اقتراحات الاقتراحات مقترحات المقترحات توصيات التوصيات सुझाव सुझावों अनुशंसाएँ सिफारिशें পরামর্শ
            প্রস্তাবনা সুপারিশ পরামর্শসমূহ প্রস্তাব تجاویز مشورے سفارشات saran rekomendasi usulan perbaikan
            suggerimenti raccomandazioni miglioramenti proposte öneriler tavsiyeler đề_xuất gợi_ý suggesties
            aanbevelingen sugestie""",
            """how_to_fix how_to_fix_it what_to_change improvement_plan
            action_plan ideas tips adjustments optimizations
            enhancements revisions amendments tweaks corrections suggested_modifications recommended_actions
            corrective_actions proposed_solutions prompt_modifications prompt_updates prompt_fixes
            changes actions action_items next_steps solutions steps modifications advice updates items
            todo todos recommendations_for_improvement remedies plan new_plan lessons lessons_learned
            learnings takeaways new_rules cambios soluciones changements solutions
            änderungen mudanças изменения решения 改进 改善 变更 修改 変更 변경 변경사항 تغييرات बदलाव
            পরিবর্তন تبدیلیاں perubahan modifiche değişiklikler""",
        ),
        "expected_improvement": (
            "expected_improvement",
            """expected_improvements expected_impact expected_outcome expected_result expected_results
            expected_effect expected_benefit expected_benefits expected_gain anticipated_improvement
            anticipated_impact estimated_improvement estimated_impact projected_improvement
            predicted_improvement mejora_esperada mejoras_esperadas resultado_esperado impacto_esperado
            amélioration_attendue améliorations_attendues amélioration_prévue résultat_attendu
            impact_attendu erwartete_verbesserung erwartete_verbesserungen erwartetes_ergebnis
            erwartete_wirkung melhoria_esperada melhorias_esperadas ожидаемое_улучшение ожидаемые_улучшения
            ожидаемый_результат ожидаемый_эффект 预期改进 预期改善 预期效果 预期提升 预期结果 期待される改善
            期待される効果 予想される改善 期待效果 期待改善 期待効果 기대효과 예상개선 예상되는개선
            기대되는개선 예상개선사항 기대개선 예상_개선_효과 التحسين_المتوقع التحسن_المتوقع تحسين_متوقع
            النتيجة_المتوقعة अपेक्षित_सुधार अपेक्षित_परिणाम প্রত্যাশিত_উন্নতি প্রত্যাশিত_ফলাফল متوقع_بہتری
            متوقع_نتیجہ perbaikan_yang_diharapkan peningkatan_yang_diharapkan hasil_yang_diharapkan
            miglioramento_atteso miglioramenti_attesi beklenen_iyileştirme cải_thiện_dự_kiến
            cải_thiện_mong_đợi verwachte_verbetering oczekiwana_poprawa""",
            """what_to_expect anticipated_outcome predicted_effect expected_change projected_impact payoff gain
            improvement impact outcome benefit benefits expected prognosis effect conclusion mejora
            amélioration verbesserung melhoria улучшение эффект 效果 개선 تحسين""",
        ),
        "improved_prompt": (
            "improved_prompt",
            """revised_prompt new_prompt updated_prompt rewritten_prompt optimized_prompt optimised_prompt
            enhanced_prompt corrected_prompt suggested_prompt proposed_prompt final_prompt modified_prompt
            better_prompt improved_instruction improved_instructions revised_instruction new_instruction
            new_instructions revised_instructions updated_instructions improved_system_prompt
            revised_system_prompt new_system_prompt prompt_mejorado prompt_amélioré verbesserter_prompt
            prompt_melhorado улучшенный_промпт 改进后的提示词 改进提示词 优化后的提示词 改善後のプロンプト
            改善プロンプト 개선된_프롬프트""",
            "",
        ),
        "confidence": (
            "confidence",
            """confidence_score confidence_level certainty confianza nivel_de_confianza confiance
            niveau_de_confiance konfidenz vertrauen sicherheit confiança nível_de_confiança уверенность
            достоверность 置信度 信心 信頼度 確信度 신뢰도 확신도 الثقة مستوى_الثقة ثقة विश्वास आत्मविश्वास
            আত্মবিশ্বাস নিশ্চয়তা اعتماد keyakinan tingkat_keyakinan fiducia güven""",
        ),
    }
)

SUGGESTION_FIELDS = FieldNames(
    {
        "description": (
            "description",
            """suggestion desc recommendation proposed_change suggested_change suggestion_text
            change_description improvement proposal advice suggestion_description recommended_change
            descripción descripcion descrição descricao beschreibung описание 描述 说明 建议 建议内容
            内容描述 説明 内容 記述 설명 내용 제안 الوصف وصف विवरण वर्णन বিবরণ বর্ণনা تفصیل وضاحت deskripsi
            keterangan descrizione açıklama mô_tả beschrijving opis sugerencia vorschlag sugestão
            предложение 提案 اقتراح सुझाव পরামর্শ تجویز saran suggerimento öneri đề_xuất""",
            """what_to_do what_to_change how_to_fix details detail change what title
            how fix solution idea summary action_item suggested_fix proposed_fix recommended_fix mitigation
            name text content
            message instruction task headline body statement point step todo remedy item action_description
            título titulo titre titel название заголовок 标题 内容 タイトル 제목 عنوان शीर्षक শিরোনাম عنوان
            judul titolo başlık texto""",
        ),
        "type": (
            "type",
            """suggestion_type change_type edit_type modification_type action_type operation action kind op
            improvement_type tipo tipo_de_sugerencia tipo_de_sugestão typ art вид тип 类型 類型 建议类型
            操作 種類 種別 タイプ 유형 종류 타입 النوع نوع प्रकार ধরন প্রকার قسم jenis tipe tür loại soort
            rodzaj""",
            "change_kind mode verb method acción ação aktion действие 动作 작업 إجراء क्रिया عمل",
        ),
        "category": (
            "category",
            """suggestion_category categoría categoria catégorie kategorie категория 类别 分类 類別
            カテゴリ カテゴリー 区分 分類 카테고리 범주 분류 الفئة فئة التصنيف تصنيف श्रेणी বিভাগ শ্রেণী
            শ্রেণি زمرہ kategori danh_mục hạng_mục categorie kategoria""",
            "area aspect topic dimension focus tag class theme focus_area bereich área domaine область rubrik 领域",
        ),
        "rationale": (
            "rationale",
            """reason reasoning justification why explanation because motivation rationale_text reasons
            justificación razón razon fundamento justification raison motif begründung grund justificativa
            razão motivo обоснование причина пояснение 理由 原因 依据 根拠 이유 근거 السبب سبب المبرر
            التبرير مبرر तर्क कारण औचित्य যুক্তি কারণ যৌক্তিকতা جواز وجہ دلیل alasan rasional motivazione
            ragione gerekçe neden lý_do reden onderbouwing uzasadnienie powód""",
            """evidence analysis benefit purpose impact expected_impact expected_improvement
            expected_effect problem issue root_cause cause goal expected_benefit context note notes
            addresses justifications""",
        ),
        "priority": (
            "priority",
            """priority_level prio importance urgency severity impact_level priority_rank prioridad
            prioridade priorité priorität dringlichkeit wichtigkeit приоритет важность 优先级 優先級 优先度
            優先度 重要性 重要度 우선순위 중요도 الأولوية أولوية اولوية प्राथमिकता অগ্রাধিকার ترجیح
            prioritas priorità öncelik độ_ưu_tiên mức_độ_ưu_tiên ưu_tiên prioriteit priorytet""",
            "rank level order weight criticality impact effort_impact score rating",
        ),
        "specific_text": (
            "specific_text",
            """exact_text text_to_add new_text replacement replacement_text proposed_text suggested_text
            concrete_text specific_wording suggested_wording exact_wording proposed_wording prompt_text
            revised_text improved_text text_change specific_change updated_text insert_text text_to_insert
            text_to_remove text_to_delete suggested_prompt_text example_text new_wording recommended_text
            replace_with rewrite specific_prompt_text literal_text texto_específico texto_especifico
            texto_concreto texto_exacto texto_sugerido texto_exato texte_spécifique texte_précis texte_exact
            texte_proposé texte_suggéré konkreter_text spezifischer_text genauer_text exakter_text
            vorgeschlagener_text textvorschlag конкретный_текст точный_текст предлагаемый_текст текст
            具体文本 具体内容 具体文字 具體文字 具体文案 建议文本 具体的なテキスト 具体的テキスト
            具体的な文言 具体的な文章 具体的文言 구체적텍스트 구체적인텍스트 구체적_문구 구체적인문구
            특정텍스트 النص_المحدد نص_محدد النص_المقترح نص_مقترح विशिष्ट_पाठ विशिष्ट_टेक्स्ट सटीक_पाठ
            নির্দিষ্ট_পাঠ্য নির্দিষ্ট_টেক্সট নির্দিষ্ট_লেখা مخصوص_متن متن teks_spesifik teks_khusus
            testo_specifico özel_metin belirli_metin văn_bản_cụ_thể specifieke_tekst konkretny_tekst""",
            """verbatim literal snippet wording insert after proposed example
            replace to new new_content text content value addition code quote
            payload prompt implementation revised updated rewritten suggested_prompt instruction_text
            instruction""",
        ),
        "target_section": (
            "target_section",
            """section target location placement target_location prompt_section applies_to insertion_point
            where_to_add section_name affected_section sección_objetivo sección seccion_objetivo seccion
            sección_destino section_cible section_visée zielabschnitt abschnitt ziel_abschnitt zielbereich
            seção_alvo secao_alvo seção seção_de_destino целевой_раздел раздел целевая_секция секция
            目标部分 目标章节 目标段落 目标区域 目标位置 对象セクション 対象セクション 対象箇所
            ターゲットセクション 目标部份 대상섹션 대상_섹션 대상_부분 목표섹션 대상영역 القسم_المستهدف
            القسم قسم_مستهدف लक्ष्य_अनुभाग लक्षित_अनुभाग लक्ष्य_खंड अनुभाग লক্ষ্য_বিভাগ লক্ষ্য_অংশ ہدف_سیکشن
            ہدف_حصہ سیکشن bagian_target bagian_sasaran sezione_target sezione_obiettivo hedef_bölüm
            phần_mục_tiêu doelsectie sekcja_docelowa""",
            """where anchor position heading scope before original old original_text current current_text
            find search from passage target_text old_text part place""",
        ),
    }
)

GROUP_ITEMS = frozenset(
    map(
        normal_key,
        (
            *("suggestions", "items", "recommendations", "list", "entries"),
            *("sugerencias", "recomendaciones", "recommandations", "vorschläge", "sugestões", "saran"),
            *("предложения", "建议", "提案", "제안", "اقتراحات", "सुझाव", "পরামর্শ", "تجاویز"),
        ),
    )
)
"""Names of the members of a group of suggestions."""
