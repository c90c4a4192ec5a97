"""The words of headings and labels in twelve languages: facts about how models title their answers."""

from __future__ import annotations

from enum import StrEnum

from reflector.reflection.word_patterns import one_of, plain_letters

__all__ = ["FIELDS", "INTRODUCES", "ROLES", "ROLE_BY_WORD", "Field", "Role"]


class Role(StrEnum):
    """What a section of an answer holds."""

    ANALYSIS = "analysis"
    CAUSES = "causes"
    SUGGESTIONS = "suggestions"
    EFFECT = "effect"
    STRENGTHS = "strengths"
    PROMPT = "prompt"
    """The new prompt itself, not words about it."""
    ORIGINAL = "original"
    """The old prompt, quoted."""
    IGNORED = "ignored"
    """Scores, questions, closings: nothing that a reflection holds."""


class Field(StrEnum):
    """What a label inside one suggestion announces."""

    TYPE = "type"
    CATEGORY = "category"
    PRIORITY = "priority"
    DESCRIPTION = "description"
    TITLE = "title"
    RATIONALE = "rationale"
    TEXT = "text"
    ORIGINAL = "original"
    SECTION = "section"
    IGNORED = "ignored"


ROLES: dict[Role, str] = {
    Role.ANALYSIS: """
        findings|overall|what happened|general comments|comments|background|context|thoughts|verdict
        thought|tldr|tl dr|conclusion|current state|failure mode|gradient|diagnóstico|resumen|evaluación
        observaciones|qué pasó|resumo|avaliação|o que aconteceu|diagnostic|résumé|constat|diagnose
        zusammenfassung|bewertung|befund|einschätzung|was passiert ist|диагностика|диагноз|обзор|оценка
        краткое содержание|резюме|что произошло|诊断|总结|概述|评估|診断|概要|評価|まとめ|الملخص|ملخص
        التقييم|التشخيص|सारांश|मूल्यांकन|निदान|분석|진단|요약|analisi|diagnosi""",
    Role.CAUSES: """
        why did it fail|errors|limitations|contributing factors|cons|areas of concern|concerns
        what did not work|what didn't work|reasons|pain points|likely causes|causa raíz|qué salió mal
        debilidades|o que deu errado|pontos fracos|fraquezas|faiblesses|points faibles
        ce qui n'a pas fonctionné|ce qui a échoué|schwächen|was schief ging|was ist schiefgelaufen
        was schiefgelaufen ist|проблемы|что пошло не так|недостатки|слабые стороны|ошибки|不足|缺点|弱点
        أسباب الفشل|السبب الجذري|المشكلات|نقاط الضعف|ما الخطأ|कमियाँ|कमियां|क्या गलत हुआ|근본 원인|원인
        문제점|문제|약점|problemi|debolezze""",
    Role.SUGGESTIONS: """
        how to fix it|what i will do differently|what to do differently|massnahmen|massnahme|changes
        actions|plan|my plan|strategy|takeaways|key takeaways|advice|solutions|solution|corrections
        modifications|revisions|for next time|next time|next attempt|remediation|remedies|todo|to do
        changes made|key changes|quick wins|mejoras|cambios propuestos|cambios sugeridos|cambios|propuestas
        melhorias|mudanças sugeridas|alterações sugeridas|mudanças propostas|alterações propostas|propostas
        améliorations|modifications proposées|changements proposés|pistes d'amélioration|propositions
        verbesserungen|änderungen|vorgeschlagene änderungen|улучшения|предлагаемые изменения|что изменить
        изменения|推奨事項|修正案|التحسينات|التعديلات المقترحة|التغييرات المقترحة|المقترحات|सुधार
        प्रस्तावित परिवर्तन|प्रस्तावित बदलाव|개선 사항|권장 사항|suggerimenti|raccomandazioni|miglioramenti
        modifiche proposte""",
    Role.EFFECT: """
        impact|benefit|benefits|outcome|potential impact|effect|overall impact|what this improves|기대 효과
        예상 효과|예상 개선|miglioramento atteso|effetto atteso""",
    Role.STRENGTHS: """
        what was done well|pros|good aspects|good points|successes|what to keep|keep|preserve|highlights
        puntos fuertes|aspectos positivos|lo que funcionó|lo que funcionó bien|qué funcionó|pontos fortes
        o que funcionou|points forts|forces|ce qui a fonctionné|ce qui fonctionne|was gut lief
        was funktioniert hat|was gut funktioniert hat|что сработало|плюсы|достоинства|优势|做得好的地方
        长处|良かった点|نقاط القوة|الإيجابيات|ما نجح|खूबियाँ|ताकत|शक्तियाँ|अच्छी बातें|क्या अच्छा रहा|강점|장점
        잘된 점|punti di forza""",
    Role.PROMPT: """
        improved variable|improved version|revised version|prompt revisado|prompt mejorado|nuevo prompt
        prompt melhorado|novo prompt|prompt révisé|prompt amélioré|nouveau prompt|überarbeiteter prompt
        verbesserter prompt|neuer prompt|улучшенный промпт|новый промпт|исправленный промпт
        обновленный промпт|обновлённый промпт|改进后的提示词|修改后的提示词|新提示词|改进后的提示
        改进的提示词|修改后的提示|优化后的提示词|改善後のプロンプト|修正後のプロンプト|新しいプロンプト
        改善されたプロンプト|الموجه المحسن|الموجه الجديد|الموجه المعدل|संशोधित प्रॉम्प्ट|नया प्रॉम्प्ट
        बेहतर प्रॉम्प्ट|수정된 프롬프트|개선된 프롬프트|새 프롬프트""",
    Role.ORIGINAL: """
        previous prompt|prompt original|prompt actual|prompt atual|prompt actuel|ursprünglicher prompt
        aktueller prompt|исходный промпт|текущий промпт|原提示词|原始提示词|原始提示|元のプロンプト
        الموجه الأصلي|मूल प्रॉम्प्ट|원래 프롬프트|기존 프롬프트""",
    Role.IGNORED: """
        questions|confidence|score|scores|rating|ratings|completed|decision|originality|quality
        significance|soundness|presentation|contribution|ethical concerns|references|appendix|notes|note
        disclaimer|confidence level|needs clarification|open questions|metadata|clarifying questions
        questions for the author|questions for the authors|test cases|sample output|example output|id
        preguntas|confianza|perguntas|confiança|confiance|fragen|konfidenz|вопросы|уверенность|问题与疑问
        置信度|質問|信頼度|الأسئلة|الثقة|प्रश्न|विश्वास|evidence""",
}
"""Titles that no word of `ROLE_BY_WORD` gives away."""
FIELDS: dict[Field, str] = {
    Field.TYPE: """
        type|kind|action|operation|change type|edit type|suggestion type|op|type of change|tipo
        tipo de cambio|tipo de mudança|acción|ação|type de modification|typ|art|art der änderung|aktion
        änderungstyp|тип|тип изменения|действие|вид|类型|类别类型|操作|种类|種類|タイプ|種別|النوع|نوع
        نوع التغيير|प्रकार|유형|종류|azione""",
    Field.CATEGORY: """
        category|area|aspect|dimension|focus|focus area|theme|topic|categoría|aspecto|catégorie|domaine
        kategorie|bereich|категория|область|类别|分类|类目|方面|カテゴリ|カテゴリー|分類|الفئة|فئة|التصنيف
        श्रेणी|वर्ग|카테고리|분류|범주""",
    Field.PRIORITY: """
        priority|importance|severity|urgency|impact level|priority level|impact|prioridad|importancia
        prioridade|priorité|priorität|wichtigkeit|dringlichkeit|приоритет|важность|优先级|优先度|重要性
        優先度|優先順位|重要度|الأولوية|أولوية|الأهمية|प्राथमिकता|महत्व|우선순위|중요도|priorità""",
    Field.DESCRIPTION: """
        description|suggestion|recommendation|change|proposed change|suggested change|recommended change
        improvement|fix|proposed fix|suggested fix|solution|proposal|what|what to do|what to change|details
        detail|edit|recommended action|remedy|action item|suggested improvement|recommended fix|lesson
        resolution|how|how to fix|advice|modification|correction|descripción|sugerencia|recomendación
        cambio|cambio propuesto|mejora|solución|propuesta|descrição|sugestão|recomendação|mudança|alteração
        melhoria|solução|proposta|recommandation|modification proposée|changement|changement proposé
        amélioration|proposition|beschreibung|vorschlag|empfehlung|änderung|verbesserung|lösung|описание
        предложение|рекомендация|изменение|улучшение|решение|что сделать|描述|建议|内容|说明|改进|修改
        建议内容|具体内容|改动|解决方案|説明|提案|変更内容|改善案|修正案|対策|الوصف|وصف|الاقتراح|اقتراح
        التوصية|التغيير|التعديل|الحل|विवरण|सुझाव|परिवर्तन|बदलाव|समाधान|설명|제안|변경|해결책|내용
        descrizione|suggerimento|raccomandazione""",
    Field.TITLE: """
        title|name|heading|headline|summary|título|titre|titel|название|заголовок|标题|名称|タイトル
        العنوان|शीर्षक|제목|titolo""",
    Field.RATIONALE: """
        rationale|reason|reasons|reasoning|why|justification|because|explanation|motivation|benefit
        benefits|problem|issue|cause|root cause|observation|expected impact|expected effect
        expected improvement|effect|evidence|why it helps|why this helps|why it matters|why this matters
        finding|weakness|impact|expected benefit|expected outcome|purpose|goal|what went wrong|symptom|risk
        concern|context|analysis|diagnosis|gap|failure|justificación|razón|motivo|por qué|beneficio
        problema|causa|justificativa|razão|raison|pourquoi|problème|motif|bénéfice|begründung|grund|warum
        nutzen|ursache|обоснование|причина|почему|зачем|проблема|польза|理由|原因|依据|为什么|好处|问题
        根拠|なぜ|問題|問題点|効果|السبب|المبرر|التبرير|سبب|لماذا|المشكلة|الفائدة|तर्क|कारण|क्यों|औचित्य|समस्या
        लाभ|근거|이유|왜|문제|motivazione""",
    Field.TEXT: """
        specific text|suggested text|exact text|text|new text|proposed text|wording|suggested wording
        proposed wording|new wording|revised|revised text|after|new|replacement|replacement text
        replace with|change to|to|rewrite|rewritten|revision|proposed|updated|improved|add this|text to add
        text to insert|add text|add this text|insert|instruction|suggested instruction|new instruction
        recommended text|recommended wording|better|improved version|revised version|suggested revision
        suggested rewrite|example wording|sample wording|example text|addition|new version
        suggested addition|literal text|text to remove|text to use|texto específico|texto sugerido
        texto exacto|texto|nuevo texto|texto nuevo|después|reemplazar por|texto exato|novo texto|depois
        texte spécifique|texte suggéré|texte exact|texte|nouveau texte|après|texte proposé|konkreter text
        vorgeschlagener text|genauer text|exakter text|neuer text|nachher|neu|ersetzen durch|textvorschlag
        formulierung|neue formulierung|конкретный текст|предлагаемый текст|точный текст|текст|новый текст
        после|стало|заменить на|формулировка|具体文本|建议文本|具体内容文本|文本|新文本|修改后|改为|替换为
        原文修改为|建议措辞|之后|具体的なテキスト|提案テキスト|テキスト|修正後|変更後|追加する文
        追加テキスト|文言|النص المحدد|النص المقترح|النص|نص محدد|بعد|النص الجديد|विशिष्ट पाठ|सुझाया गया पाठ
        पाठ|बाद में|बाद|नया पाठ|구체적인 텍스트|제안 텍스트|텍스트|수정 후|변경 후|testo|testo specifico
        dopo""",
    Field.ORIGINAL: """
        original|original text|before|current|current text|old|old text|existing|existing text|instead of
        from|replace|current wording|original wording|old wording|previous|find|antes|actual|texto original
        texto actual|texto atual|avant|texte original|texte actuel|vorher|alt|bisher|ursprünglich
        originaltext|bisheriger text|до|было|исходный текст|старый текст|原文|修改前|原来|之前|元の文
        修正前|変更前|元のテキスト|قبل|النص الأصلي|पहले|मूल पाठ|원문|수정 전|변경 전|prima|originale""",
    Field.SECTION: """
        section|target section|target|location|where|placement|position|place|applies to|affected section
        prompt section|sección|sección objetivo|ubicación|dónde|seção|seção alvo|localização|onde
        section cible|emplacement|où|abschnitt|zielabschnitt|stelle|wo|ort|раздел|целевой раздел|место|где
        目标部分|目标章节|章节|部分|位置|目标位置|対象セクション|対象|セクション|場所|対象箇所|القسم
        القسم المستهدف|الموضع|المكان|अनुभाग|लक्ष्य अनुभाग|स्थान|섹션|대상 섹션|위치|sezione""",
    Field.IGNORED: """
        id|number|no|nr|confidence|effort|difficulty|status|score|cost|estimated effort|step|index|owner
        confianza|confiança|confiance|konfidenz|уверенность|置信度|信頼度|الثقة|編号|编号|序号|番号""",
}

_NEW = "revised|improved|better|new|updated|rewritten|proposed|optimized|refined|suggested|final"
ROLE_BY_WORD = tuple(
    (role, one_of(plain_letters(words)))
    for role, words in (
        (Role.PROMPT, rf"\b(?:{_NEW})\b(?:\s+\w+){{0,3}}\s+(?:prompts?|instructions?)$"),
        (Role.ORIGINAL, r"\b(?:original|current|existing|old)(?:\s+\w+){0,2}\s+(?:prompt|instructions?)$"),
        (
            Role.EFFECT,
            r"""
            ^(?:the )?(?:expected|anticipated|projected|likely|estimated)\b|^erwartet|\besperad[oa]s?\b|\battendu
            \bexpected (?:impact|improvement|effect|outcome|result|benefit)|ожидаем|^预期|^期待|المتوقع|अपेक्षित
            """,
        ),
        (
            Role.STRENGTHS,
            r"""
            \b(?:strengths?|(?:went|worked|works|done) well|success(?:es)? (?:factors|indicators|patterns))\b
            \b(?:positives?|praise|what (?:worked|works)|do(?:es)? well|did well|stärken|fortalezas)\b
            \bсильные\b|优点|強み|良い点
            """,
        ),
        (
            Role.SUGGESTIONS,
            r"""
            \b(?:suggest(?:ions?|ed)|recommend(?:ations?|ed)|improvements?|proposals?|fixes|edits|next steps
            action items|(?:proposed|prompt|recommended|concrete|specific|needed|required) (?:changes?|edits?
            modifications?|revisions?|fix(?:es)?)|how to (?:fix|improve)|what (?:to|should|i would|i'd
            i will) (?:change|do|improve)|(?:to|for) (?:change|improve|fix)|changes (?:to|i|needed|for)|lessons?
            differently|action plan|(?:improved|new|revised|better|next) (?:strategy|plan|approach))\b|sugerencias
            recomendac|sugest|recomenda|recommandation|vorschläge|empfehlung|предложен|рекомендац|建议|改进
            提案|改善|اقتراح|توصي|सुझाव|सिफ|제안
            """,
        ),
        (Role.CAUSES, r"\broot causes?\b|\bwent wrong\b"),
        (
            Role.ANALYSIS,
            r"""
            \b(?:analysis|diagnosis|assessment|overview|summary|observations?|evaluation|reflection|critique
            feedback|review)\b|análisis|análise|analyse|анализ|分析|تحليل|विश्लेषण
            """,
        ),
        (
            Role.CAUSES,
            r"""
            \b(?:causes?|issues?|problems?|weakness(?:es)?|failed|failures?|shortcomings|mistakes?|gaps|flaws)\b|causas|problemas|ursache|problème|причин|原因|问题|問題|الأسباب|المشاكل|कारण|समस्या
            """,
        ),
    )
)
"""What the words of a longer title tell, the first that fits; so many, because titles vary more than labels."""

INTRODUCES = one_of(r"""
    \b(?:suggest\w*|recommend\w*|improve\w*|consider|following (?:changes|steps|feedback|actions)|should|could be
    changes|next time|will|sugier\w*|recomiend\w*|mejora\w*|cambios|mudancas|alteracoes|recommand\w*|ameliorer
    modifications|vorschl\w*|empfehl\w*|verbesser\w*|anderungen|предлага\w*|рекоменд\w*|изменени\w*)\b|修改|اقترح
    أقترح|التغييرات|बदलाव
""")
"""What a sentence above a list of suggestions says: `I would change:`."""
