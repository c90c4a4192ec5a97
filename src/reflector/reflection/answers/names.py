"""The names models give to the parts of a reflection, as keys of JSON and as titles in text, in their languages."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reflector.reflection.answers.words import plain_letters
from reflector.trajectories.findings.wording import words_of

__all__ = ["GROUP_ITEMS", "NUMBERED", "REFLECTION_FIELDS", "SUGGESTION_FIELDS", "FieldNames", "normal_key"]


@lru_cache(maxsize=4096)
def normal_key(key: str) -> str:
    """Return `key` without case, blanks, punctuation and accents: `rootCauses` is `root_causes`.

    >>> normal_key("rootCauses") == normal_key("Root causes:") == normal_key("root\\\\_causes")
    True
    """
    folded = unicodedata.normalize("NFKC", key[:80]).casefold()
    return "".join(c for c in plain_letters(folded) if c.isalnum())


class FieldNames:
    """The names of some fields.

    Bars part the names of each field: the one that means it alone; those that usually do; and those that do when
    nothing better is there. A dash marks names that only keys have, a plus such that only titles have: `Example` as a
    title, or `failure` as a key, has too many meanings.
    """

    def __init__(self, rows: dict[str, str], only_titled: dict[str, str | None]) -> None:
        """Take the names. What only titles tell apart is as a key a weak name of another field, or none."""
        self._wishes: dict[str, dict[str, tuple[int, int, int]]] = {}
        self._titles: dict[str, str] = {}
        for order, (row, groups) in enumerate(rows.items()):
            field = only_titled.get(row, row)
            for group, names in enumerate(groups.split("|")):
                for place, name in enumerate(names.split()):
                    key = normal_key(name)
                    if name[0] != "-":
                        self._titles.setdefault(key, row)
                    if name[0] != "+" and field is not None:
                        wish = (group if field == row else 2, order, place)
                        self._wishes.setdefault(key, {}).setdefault(field, wish)
        # Objects of one answer have the same keys: what they mean is worked out once.
        self.plan = lru_cache(maxsize=2048)(self._plan)

    def titled(self, title: str) -> str | None:
        """Return what stands under `title` in a text; None if it is no such title."""
        return self._titles.get(normal_key(title))

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


REFLECTION_FIELDS = FieldNames(
    {
        "analysis": """
            analysis | failure_analysis analysis_summary overall_analysis analysis_text diagnosis
            summary_of_analysis root_analysis prompt_analysis trajectory_analysis problem_analysis error_analysis
            critique análisis analyse análise diagnóstico diagnostic diagnose анализ диагноз 分析 問題分析 问题分析
            分析結果 分析结果 失败分析 总体分析 분석 분석결과 تحليل التحليل विश्लेषण বিশ্লেষণ تجزیہ analisa analisi
            analiz phântích analiza analys | -what_went_wrong what_happened -failure_summary -problem_summary
            -executive_summary verdict -insights -insight -failure_description -summary -overview -assessment
            -evaluation -explanation -reflection -review -observations -reasoning thoughts findings
            -overall_assessment -feedback -description thought -problem resumen resumo résumé zusammenfassung резюме
            обзор 总结 -摘要 概要 -要約 요약 ملخص सारांश -সারাংশ -خلاصہ -ringkasan -riepilogo -özet -explicación
            -explication -erklärung +general_comments +comments +background +context +tldr +current_state
            +failure_mode evaluación +observaciones qué_pasó avaliação +o_que_aconteceu +constat +bewertung +befund
            einschätzung +was_passiert_ist диагностика оценка краткое_содержание что_произошло 诊断 概述 评估 診断
            評価 まとめ الملخص التقييم التشخيص मूल्यांकन निदान 진단 +diagnosi""",
        "root_causes": """
            root_causes | root_cause causes cause root_cause_analysis underlying_causes primary_causes main_causes
            failure_causes reasons_for_failure key_causes probable_causes causas_raíz causa_raíz causas
            causas_principales causas_fundamentales causes_profondes causes_racines cause_racine causes_principales
            causes_fondamentales ursachen grundursachen hauptursachen ursache kernursachen causas_raízes
            causas_principais коренные_причины причины первопричины основные_причины корневые_причины причина
            根本原因 原因 主要原因 根因 根源 원인 근본원인 주요원인 الأسباب_الجذرية أسباب_جذرية الأسباب السبب_الجذري
            اسباب मूल_कारण कारण মূল_কারণ কারণ মূল_কারণসমূহ মূল_কারণগুলি কারণসমূহ بنیادی_وجوہات وجوہات بنیادی_وجہ
            akar_masalah penyebab akar_penyebab penyebab_utama cause_principali cause_radice kök_nedenler nedenler
            nguyên_nhân nguyên_nhân_gốc_rễ oorzaken przyczyny grondoorzaken | -why -why_it_failed
            contributing_factors -factors -why_it_went_wrong -root_problems -issues -problems reasons -weaknesses
            -failures errors -failure_reasons -failure_reason -mistakes -key_findings -key_problems -main_issues
            -main_problems limitations -flaws -key_issues -identified_issues -gaps -problemas -problèmes -probleme
            проблемы -问题 -問題 문제 문제점 -مشاكل -समस्याएं -সমস্যা -مسائل -masalah problemi -sorunlar
            +why_did_it_fail +cons +areas_of_concern +concerns +what_did_not_work +what_didn't_work +pain_points
            +likely_causes qué_salió_mal +debilidades +o_que_deu_errado +pontos_fracos +fraquezas +faiblesses
            +points_faibles ce_qui_n'a_pas_fonctionné ce_qui_a_échoué schwächen +was_schief_ging
            +was_ist_schiefgelaufen +was_schiefgelaufen_ist что_пошло_не_так недостатки слабые_стороны ошибки 不足
            缺点 弱点 أسباب_الفشل المشكلات نقاط_الضعف ما_الخطأ कमियाँ क्या_गलत_हुआ 약점 +debolezze""",
        "suggestions": """
            suggestions | suggestion recommendations recommendation improvements proposed_changes suggested_changes
            suggested_improvements prompt_suggestions improvement_suggestions recommended_changes edits
            proposed_edits prompt_edits prompt_improvements proposals suggested_edits fixes recommended_fixes
            suggestions_list suggestion_list proposed_improvements prompt_changes modifications_suggested
            sugerencias sugerencia recomendaciones propuestas mejoras recommandations améliorations propositions
            vorschläge vorschlag verbesserungsvorschläge empfehlungen verbesserungen änderungsvorschläge sugestões
            sugestão recomendações melhorias propostas предложения рекомендации улучшения советы 建议 建議 改进建议
            改善建议 推荐 修改建议 优化建议 提案 改善案 改善提案 推奨事項 提案事項 제안 제안사항 개선안 개선사항
            권장사항 개선제안 اقتراحات الاقتراحات مقترحات المقترحات توصيات التوصيات सुझाव अनुशंसाएँ सिफारिशें পরামর্শ
            প্রস্তাবনা সুপারিশ পরামর্শসমূহ প্রস্তাব تجاویز مشورے سفارشات saran rekomendasi usulan perbaikan suggerimenti
            raccomandazioni miglioramenti proposte öneriler tavsiyeler đề_xuất gợi_ý suggesties aanbevelingen
            sugestie | -how_to_fix how_to_fix_it -what_to_change -improvement_plan -action_plan -ideas -tips
            -adjustments -optimizations -enhancements revisions -amendments -tweaks corrections
            -suggested_modifications -recommended_actions -corrective_actions -proposed_solutions
            -prompt_modifications -prompt_updates -prompt_fixes changes actions -action_items -next_steps solutions
            -steps modifications advice -updates -items todo -todos -recommendations_for_improvement remedies plan
            -new_plan -lessons -lessons_learned -learnings takeaways -new_rules cambios -soluciones -changements
            änderungen -mudanças изменения -решения -改进 -改善 -变更 -修改 -変更 -변경 -변경사항 -تغييرات -बदलाव
            -পরিবর্তন -تبدیلیاں -perubahan -modifiche -değişiklikler +what_i_will_do_differently
            +what_to_do_differently +massnahmen +massnahme +my_plan +strategy +key_takeaways +solution
            +for_next_time +next_time +next_attempt +remediation +changes_made +key_changes +quick_wins
            +cambios_propuestos +cambios_sugeridos mudanças_sugeridas alterações_sugeridas mudanças_propostas
            alterações_propostas modifications_proposées changements_proposés pistes_d'amélioration
            vorgeschlagene_änderungen предлагаемые_изменения что_изменить 修正案 التحسينات التعديلات_المقترحة
            التغييرات_المقترحة सुधार प्रस्तावित_परिवर्तन प्रस्तावित_बदलाव +modifiche_proposte""",
        "expected_improvement": """
            expected_improvement | expected_improvements expected_impact expected_outcome expected_result
            expected_results expected_effect expected_benefit expected_benefits expected_gain
            anticipated_improvement anticipated_impact estimated_improvement estimated_impact projected_improvement
            predicted_improvement mejora_esperada mejoras_esperadas resultado_esperado impacto_esperado
            amélioration_attendue améliorations_attendues amélioration_prévue résultat_attendu impact_attendu
            erwartete_verbesserung erwartete_verbesserungen erwartetes_ergebnis erwartete_wirkung melhoria_esperada
            melhorias_esperadas ожидаемое_улучшение ожидаемые_улучшения ожидаемый_результат ожидаемый_эффект
            预期改进 预期改善 预期效果 预期提升 预期结果 期待される改善 期待される効果 予想される改善 期待效果
            期待改善 期待効果 기대효과 예상개선 예상되는개선 기대되는개선 예상개선사항 기대개선 예상_개선_효과
            التحسين_المتوقع التحسن_المتوقع تحسين_متوقع النتيجة_المتوقعة अपेक्षित_सुधार अपेक्षित_परिणाम প্রত্যাশিত_উন্নতি
            প্রত্যাশিত_ফলাফল متوقع_بہتری متوقع_نتیجہ perbaikan_yang_diharapkan peningkatan_yang_diharapkan
            hasil_yang_diharapkan miglioramento_atteso miglioramenti_attesi beklenen_iyileştirme cải_thiện_dự_kiến
            cải_thiện_mong_đợi verwachte_verbetering oczekiwana_poprawa | -what_to_expect -anticipated_outcome
            -predicted_effect -expected_change -projected_impact -payoff -gain -improvement impact outcome benefit
            benefits -expected -prognosis effect -conclusion -mejora -amélioration -verbesserung -melhoria
            -улучшение -эффект -效果 -개선 -تحسين +potential_impact +overall_impact +what_this_improves 예상_효과
            +effetto_atteso""",
        "improved_prompt": """
            improved_prompt | revised_prompt new_prompt updated_prompt rewritten_prompt optimized_prompt
            optimised_prompt enhanced_prompt corrected_prompt suggested_prompt proposed_prompt final_prompt
            modified_prompt better_prompt improved_instruction improved_instructions revised_instruction
            new_instruction new_instructions revised_instructions updated_instructions improved_system_prompt
            revised_system_prompt new_system_prompt prompt_mejorado prompt_amélioré verbesserter_prompt
            prompt_melhorado улучшенный_промпт 改进后的提示词 改进提示词 优化后的提示词 改善後のプロンプト
            改善プロンプト 개선된_프롬프트 | +improved_variable +improved_version +revised_version +prompt_revisado
            +nuevo_prompt +novo_prompt prompt_révisé +nouveau_prompt überarbeiteter_prompt +neuer_prompt
            новый_промпт исправленный_промпт обновленный_промпт обновлённый_промпт 修改后的提示词 新提示词
            改进后的提示 改进的提示词 修改后的提示 修正後のプロンプト 新しいプロンプト 改善されたプロンプト
            الموجه_المحسن الموجه_الجديد الموجه_المعدل संशोधित_प्रॉम्प्ट नया_प्रॉम्प्ट बेहतर_प्रॉम्प्ट 수정된_프롬프트
            새_프롬프트""",
        "confidence": """
            confidence | confidence_score confidence_level certainty confianza nivel_de_confianza confiance
            niveau_de_confiance konfidenz vertrauen sicherheit confiança nível_de_confiança уверенность
            достоверность 置信度 信心 信頼度 確信度 신뢰도 확신도 الثقة مستوى_الثقة ثقة विश्वास आत्मविश्वास আত্মবিশ্বাস
            নিশ্চয়তা اعتماد keyakinan tingkat_keyakinan fiducia güven""",
        "strengths": """
        | | what_was_done_well pros good_aspects good_points successes what_to_keep keep preserve highlights
        puntos_fuertes aspectos_positivos lo_que_funcionó lo_que_funcionó_bien qué_funcionó pontos_fortes
        o_que_funcionou points_forts forces ce_qui_a_fonctionné ce_qui_fonctionne was_gut_lief was_funktioniert_hat
        was_gut_funktioniert_hat что_сработало плюсы достоинства 优势 做得好的地方 长处 良かった点 نقاط_القوة
        الإيجابيات ما_نجح खूबियाँ ताकत शक्तियाँ अच्छी_बातें क्या_अच्छा_रहा 강점 장점 잘된_점 punti_di_forza""",
        "ignored": """
        | | questions confidence score scores rating ratings completed decision originality quality significance
        soundness presentation contribution ethical_concerns references appendix notes note disclaimer
        confidence_level needs_clarification open_questions metadata clarifying_questions questions_for_the_author
        questions_for_the_authors test_cases sample_output example_output id preguntas confianza perguntas confiança
        confiance fragen konfidenz вопросы уверенность 问题与疑问 置信度 質問 信頼度 الأسئلة الثقة प्रश्न विश्वास
        evidence
            previous_prompt prompt_original prompt_actual prompt_atual prompt_actuel ursprünglicher_prompt
        aktueller_prompt исходный_промпт текущий_промпт 原提示词 原始提示词 原始提示 元のプロンプト الموجه_الأصلي
        मूल_प्रॉम्प्ट 원래_프롬프트 기존_프롬프트""",
    },
    {"strengths": None, "ignored": None},
)

SUGGESTION_FIELDS = FieldNames(
    {
        "type": """
            type | suggestion_type change_type edit_type modification_type action_type operation action kind op
            improvement_type tipo tipo_de_sugerencia tipo_de_sugestão typ art вид тип 类型 類型 建议类型 操作 種類
            種別 タイプ 유형 종류 타입 النوع نوع प्रकार ধরন প্রকার قسم jenis tipe tür loại soort rodzaj | -change_kind
            -mode -verb -method acción ação aktion действие -动作 -작업 -إجراء -क्रिया -عمل +type_of_change
            +tipo_de_cambio tipo_de_mudança +type_de_modification art_der_änderung änderungstyp тип_изменения
            类别类型 种类 نوع_التغيير +azione""",
        "category": """
            category | suggestion_category categoría catégorie kategorie категория 类别 分类 類別 カテゴリ
            カテゴリー 区分 分類 카테고리 범주 분류 الفئة فئة التصنيف تصنيف श्रेणी বিভাগ শ্রেণী زمرہ kategori danh_mục
            hạng_mục kategoria | area aspect topic dimension focus -tag -class theme focus_area bereich domaine
            область -rubrik -领域 +aspecto 类目 方面 वर्ग""",
        "priority": """
            priority | priority_level prio importance urgency severity impact_level priority_rank prioridad
            prioridade priorité priorität dringlichkeit wichtigkeit приоритет важность 优先级 優先級 优先度 優先度
            重要性 重要度 우선순위 중요도 الأولوية أولوية اولوية प्राथमिकता অগ্রাধিকার ترجیح prioritas priorità
            öncelik độ_ưu_tiên mức_độ_ưu_tiên ưu_tiên prioriteit priorytet | -rank -level -order -weight
            -criticality impact -effort_impact -score -rating +importancia 優先順位 الأهمية महत्व""",
        "description": """
            description | suggestion desc recommendation proposed_change suggested_change suggestion_text
            change_description improvement proposal advice suggestion_description recommended_change descripción
            descrição beschreibung описание 描述 说明 建议 建议内容 内容描述 説明 内容 記述 설명 내용 제안 الوصف وصف
            विवरण वर्णन বিবরণ বর্ণনা تفصیل وضاحت deskripsi keterangan descrizione açıklama mô_tả beschrijving opis
            sugerencia vorschlag sugestão предложение 提案 اقتراح सुझाव পরামর্শ تجویز saran suggerimento öneri
            đề_xuất | what_to_do what_to_change how_to_fix details detail change what how fix solution -idea
            action_item suggested_fix proposed_fix recommended_fix -mitigation -text -content -message -instruction
            -task -body -statement -point -step -todo remedy -item -action_description -عنوان -শিরোনাম -judul
            -başlık -texto +edit +recommended_action +suggested_improvement +lesson +resolution +modification
            +correction recomendación +cambio +cambio_propuesto +mejora solución +propuesta recomendação mudança
            alteração +melhoria solução +proposta +recommandation modification_proposée +changement
            changement_proposé amélioration +proposition +empfehlung änderung +verbesserung lösung рекомендация
            изменение улучшение решение что_сделать 改进 修改 具体内容 改动 解决方案 変更内容 改善案 修正案 対策
            الاقتراح التوصية التغيير التعديل الحل परिवर्तन बदलाव समाधान 변경 해결책 +raccomandazione""",
        "title": """
            | | title name +heading headline summary título titre titel название заголовок 标题 名称 タイトル
            العنوان शीर्षक 제목 titolo""",
        "rationale": """
            rationale | reason reasoning justification why explanation because motivation rationale_text reasons
            justificación razón fundamento raison motif begründung grund justificativa razão motivo обоснование
            причина пояснение 理由 原因 依据 根拠 이유 근거 السبب سبب المبرر التبرير مبرر तर्क कारण औचित्य যুক্তি কারণ
            যৌক্তিকতা جواز وجہ دلیل alasan rasional motivazione ragione gerekçe neden lý_do reden onderbouwing
            uzasadnienie powód | evidence analysis benefit purpose impact expected_impact expected_improvement
            expected_effect problem issue root_cause cause goal expected_benefit context -note -notes -addresses
            -justifications +benefits +observation +effect +why_it_helps +why_this_helps +why_it_matters
            +why_this_matters +finding +weakness +expected_outcome +what_went_wrong +symptom +risk +concern
            +diagnosis +gap +failure por_qué +beneficio +problema +causa +pourquoi problème bénéfice +warum +nutzen
            +ursache почему зачем проблема польза 为什么 好处 问题 なぜ 問題 問題点 効果 لماذا المشكلة الفائدة क्यों
            समस्या लाभ 왜 문제""",
        "specific_text": """
            specific_text | exact_text text_to_add new_text replacement replacement_text proposed_text
            suggested_text concrete_text specific_wording suggested_wording exact_wording proposed_wording
            prompt_text revised_text improved_text text_change specific_change updated_text insert_text
            text_to_insert text_to_remove text_to_delete suggested_prompt_text example_text new_wording
            recommended_text replace_with rewrite specific_prompt_text literal_text texto_específico texto_concreto
            texto_exacto texto_sugerido texto_exato texte_spécifique texte_précis texte_exact texte_proposé
            texte_suggéré konkreter_text spezifischer_text genauer_text exakter_text vorgeschlagener_text
            textvorschlag конкретный_текст точный_текст предлагаемый_текст текст 具体文本 具体内容 具体文字 具體文字
            具体文案 建议文本 具体的なテキスト 具体的テキスト 具体的な文言 具体的な文章 具体的文言 구체적텍스트
            구체적인텍스트 구체적_문구 구체적인문구 특정텍스트 النص_المحدد نص_محدد النص_المقترح نص_مقترح विशिष्ट_पाठ
            विशिष्ट_टेक्स्ट सटीक_पाठ নির্দিষ্ট_পাঠ্য নির্দিষ্ট_টেক্সট নির্দিষ্ট_লেখা مخصوص_متن متن teks_spesifik teks_khusus
            testo_specifico özel_metin belirli_metin văn_bản_cụ_thể specifieke_tekst konkretny_tekst | -verbatim
            -literal -snippet wording insert after proposed -example -replace to new -new_content text -content
            -value addition -code -quote -payload -prompt -implementation revised updated rewritten
            -suggested_prompt -instruction_text instruction +change_to +revision +improved +add_this +add_text
            +add_this_text +suggested_instruction +new_instruction +recommended_wording +better +improved_version
            +revised_version +suggested_revision +suggested_rewrite +example_wording +sample_wording +new_version
            +suggested_addition +text_to_use +texto +nuevo_texto +texto_nuevo después +reemplazar_por +novo_texto
            +depois +texte +nouveau_texte après +neuer_text +nachher +neu +ersetzen_durch +formulierung
            +neue_formulierung новый_текст после стало заменить_на формулировка 具体内容文本 文本 新文本 修改后 改为
            替换为 原文修改为 建议措辞 之后 提案テキスト テキスト 修正後 変更後 追加する文 追加テキスト 文言 النص
            بعد النص_الجديد सुझाया_गया_पाठ पाठ बाद_में बाद नया_पाठ 제안_텍스트 텍스트 수정_후 변경_후 +testo +dopo""",
        "original": """
            | | original original_text before current current_text old old_text +existing +existing_text +instead_of
            from +replace +current_wording +original_wording +old_wording +previous find +antes +actual
            +texto_original +texto_actual +texto_atual +avant +texte_original +texte_actuel +vorher +alt +bisher
            ursprünglich +bisheriger_text до было исходный_текст старый_текст 原文 修改前 原来 之前 元の文 修正前
            変更前 元のテキスト قبل النص_الأصلي पहले मूल_पाठ 원문 수정_전 변경_전 +prima +originale""",
        "target_section": """
            target_section | section target location placement target_location prompt_section applies_to
            insertion_point where_to_add section_name affected_section sección_objetivo sección sección_destino
            section_cible section_visée zielabschnitt abschnitt zielbereich seção_alvo seção seção_de_destino
            целевой_раздел раздел целевая_секция секция 目标部分 目标章节 目标段落 目标区域 目标位置 对象セクション
            対象セクション 対象箇所 ターゲットセクション 目标部份 대상섹션 대상_부분 목표섹션 대상영역
            القسم_المستهدف القسم قسم_مستهدف लक्ष्य_अनुभाग लक्षित_अनुभाग लक्ष्य_खंड अनुभाग লক্ষ্য_বিভাগ লক্ষ্য_অংশ ہدف_سیکشن
            ہدف_حصہ سیکشن bagian_target bagian_sasaran sezione_target sezione_obiettivo hedef_bölüm phần_mục_tiêu
            doelsectie sekcja_docelowa | where -anchor position -heading -scope -search -passage -target_text -part
            place ubicación dónde localização +onde +emplacement où +stelle +wo +ort место где 章节 部分 位置 対象
            セクション 場所 الموضع المكان स्थान 섹션 위치 +sezione""",
        "ignored": """
        | | id number no nr confidence effort difficulty status score cost estimated_effort step index owner
        confianza confiança confiance konfidenz уверенность 置信度 信頼度 الثقة 編号 编号 序号 番号""",
    },
    {"title": "description", "original": "target_section", "ignored": None},
)

GROUP_ITEMS = frozenset(
    map(
        normal_key,
        words_of("""
            suggestions items recommendations list entries sugerencias recomendaciones recommandations
            vorschläge sugestões saran предложения 建议 提案 제안 اقتراحات सुझाव পরামর্শ تجاویز
        """),
    )
)
"""Names of the members of a group of suggestions."""
