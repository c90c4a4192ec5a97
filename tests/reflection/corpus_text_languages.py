"""Labelled answers in free text in other languages than English."""

from __future__ import annotations

from tests.reflection.corpus_text import Case, case, want

__all__ = ["LANGUAGES"]

LANGUAGES: list[Case] = [
    case(
        "de",
        2,
        """## Analyse
Der Agent hat das Datum geraten.

## Ursachen
- Im Prompt steht kein Datum.

## Vorschläge
1. **Füge das aktuelle Datum ein.**
   - Typ: hinzufügen
   - Kategorie: Einschränkung
   - Priorität: hoch
   - Begründung: Es wurde falsch geraten.
2. **Streiche den Satz über Faxnummern.**
   - Typ: entfernen
   - Priorität: niedrig

## Erwartete Verbesserung
Richtige Daten in jeder Antwort.
""",
        want("aktuelle Datum", "add constraint high", why="falsch geraten"),
        want("Faxnummern", "remove - low"),
        analysis="Datum geraten",
        causes=1,
        effect="Richtige Daten",
    ),
    case(
        "de",
        2,
        "Der Prompt nennt keine Einheit. Man sollte die Einheit Meter vorgeben. Außerdem sollte ein "
        "Beispiel ergänzt werden.",
        want("Einheit Meter"),
        want("Beispiel"),
        analysis="keine Einheit",
    ),
    case(
        "de",
        3,
        """Empfehlungen:
- Ausgabeformat als JSON vorgeben
- Die Liste der Werkzeuge an den Anfang verschieben
- "möglichst kurz" durch "höchstens 50 Wörter" ersetzen
""",
        want("JSON"),
        want("an den Anfang", "restructure"),
        want("höchstens 50"),
    ),
    case(
        "de",
        (1, 2),
        "Beim nächsten Versuch werde ich zuerst die Fehlermeldung lesen. Das hätte den Umweg erspart.",
        want("Fehlermeldung lesen"),
    ),
    case(
        "es",
        2,
        """Análisis: El agente eligió el vuelo equivocado.

Causas raíz:
- No se confirma la fecha.

Sugerencias:
1. Añadir una regla para confirmar la fecha. (prioridad: alta)
2. Eliminar la frase sobre el clima. (prioridad: baja)

Mejora esperada: menos reservas erróneas.
""",
        want("confirmar la fecha", "add - high"),
        want("sobre el clima", "remove - low"),
        analysis="vuelo equivocado",
        causes=1,
        effect="menos reservas",
    ),
    case(
        "es",
        2,
        """**Tipo:** modificar
**Categoría:** claridad
**Prioridad:** media
**Descripción:** Explicar qué significa "urgente".
**Justificación:** El agente lo interpretó como "hoy".

**Tipo:** añadir
**Categoría:** ejemplo
**Prioridad:** alta
**Descripción:** Incluir un ejemplo de respuesta corta.
**Justificación:** Las respuestas eran largas.
""",
        want("urgente", "modify clarity medium", why="hoy"),
        want("respuesta corta", "add example high", why="largas"),
    ),
    case(
        "es",
        (2, 2),
        "El agente repitió la búsqueda cinco veces. El prompt debería limitar las búsquedas a tres. "
        "También conviene indicar qué hacer si no hay resultados.",
        want("a tres"),
        want("no hay resultados"),
        analysis="cinco veces",
    ),
    case(
        "es",
        2,
        '- Agrega la moneda a cada precio.\n- Reemplaza "rápido" por "en menos de un minuto".\n',
        want("moneda"),
        want("menos de un minuto", "modify", text="en menos de un minuto", at="rápido"),
    ),
    case(
        "fr",
        2,
        """# Analyse
L'agent a répondu en anglais.

# Causes profondes
- La langue n'est pas précisée.

# Recommandations
1. Ajouter une consigne sur la langue de réponse.
2. Supprimer l'exemple en anglais.

# Amélioration attendue
Des réponses en français.
""",
        want("langue de réponse", "add"),
        want("exemple en anglais", "remove"),
        analysis="en anglais",
        causes=1,
        effect="en français",
    ),
    case(
        "fr",
        2,
        "Le modèle a inventé une source. Il faut exiger un lien pour chaque affirmation. La consigne "
        "devrait aussi interdire les sources sans date.",
        want("lien pour chaque"),
        want("sans date"),
        analysis="inventé une source",
    ),
    case(
        "fr",
        1,
        "Type : ajouter\nCatégorie : contrainte\nPriorité : haute\nDescription : Limiter la réponse à "
        "trois phrases.\nJustification : La réponse était trop longue.\n",
        want("trois phrases", "add constraint high", why="trop longue"),
    ),
    case(
        "pt",
        2,
        """## Análise
O agente ignorou o fuso horário.

## Causas
- O fuso não é mencionado.

## Sugestões
- Adicionar o fuso horário ao prompt (prioridade: alta)
- Remover a saudação repetida (prioridade: baixa)

## Melhoria esperada
Horários corretos.
""",
        want("fuso horário ao prompt", "add - high"),
        want("saudação", "remove - low"),
        analysis="ignorou",
        causes=1,
        effect="Horários corretos",
    ),
    case(
        "pt",
        2,
        "O modelo usou dados antigos. O prompt deveria exigir a data da fonte. Seria útil incluir um "
        "exemplo de resposta sem dados.",
        want("data da fonte"),
        want("sem dados"),
        analysis="dados antigos",
    ),
    case(
        "ru",
        2,
        """## Анализ
Агент выбрал неверный файл.

## Причины
- Имя файла не указано.

## Предложения
1. Добавить точное имя файла.
   - Тип: добавить
   - Приоритет: высокий
   - Обоснование: выбран похожий файл
2. Удалить второй список команд.
   - Тип: удалить
   - Приоритет: низкий

## Ожидаемое улучшение
Ошибок с файлами не будет.
""",
        want("точное имя файла", "add - high", why="похожий файл"),
        want("второй список", "remove - low"),
        analysis="неверный файл",
        causes=1,
        effect="не будет",
    ),
    case(
        "ru",
        2,
        "Модель перепутала валюты. Следует указать валюту в каждом запросе. Также нужно добавить пример "
        "с двумя валютами.",
        want("указать валюту"),
        want("двумя валютами"),
        analysis="перепутала",
    ),
    case(
        "ru",
        2,
        "- Замените «кратко» на «не более 50 слов».\n- Уточните, что такое активный клиент.\n",
        want("50 слов", "modify"),
        want("активный клиент"),
    ),
    case(
        "zh",
        2,
        """## 分析
代理没有确认日期，导致预订错误。

## 根本原因
- 提示词没有要求确认
- 没有示例

## 建议
1. 添加确认日期的规则
   - 类型：添加
   - 类别：约束
   - 优先级：高
   - 理由：第四步日期错误
2. 删除重复的问候语
   - 类型：删除
   - 优先级：低

## 预期改进
减少错误预订。
""",
        want("确认日期的规则", "add constraint high", why="第四步"),
        want("问候语", "remove - low"),
        analysis="没有确认日期",
        causes=2,
        effect="减少错误",
    ),
    case(
        "zh",
        2,
        "模型猜测了货币单位。应该在提示词中明确货币单位。建议增加一个包含欧元的示例。",
        want("货币单位"),
        want("欧元"),
        analysis="猜测",
    ),
    case(
        "zh",
        3,
        "改进建议：\n1、明确输出格式为JSON。\n2、增加字数限制，不超过100字。\n3、将工具列表移到开头。\n",
        want("JSON"),
        want("100字"),
        want("开头", "restructure"),
    ),
    case(
        "zh",
        2,
        "建议一：在提示词开头说明用户身份。\n建议二：删除第三段。\n",
        want("用户身份"),
        want("第三段", "remove"),
    ),
    case(
        "ja",
        2,
        """## 分析
エージェントは日付を確認しませんでした。

## 根本原因
- 確認の指示がない

## 提案
1. 日付を確認するルールを追加する
   - 種類：追加
   - 優先度：高
   - 理由：第4ステップで日付を間違えた
2. 重複した挨拶を削除する
   - 種類：削除
   - 優先度：低

## 期待される改善
予約の誤りが減る。
""",
        want("ルールを追加", "add - high", why="第4"),
        want("挨拶を削除", "remove - low"),
        analysis="確認しません",
        causes=1,
        effect="誤りが減る",
    ),
    case(
        "ja",
        2,
        "モデルは単位を推測しました。プロンプトで単位を指定するべきです。また、例を一つ追加してください。",
        want("単位を指定"),
        want("例を一つ"),
        analysis="推測しました",
    ),
    case(
        "ja",
        2,
        "・出力形式をJSONに指定する\n・「短く」を「100字以内」に変更する\n",
        want("JSON"),
        want("100字以内"),
    ),
    case(
        "ar",
        2,
        """## التحليل
لم يؤكد الوكيل التاريخ.

## الأسباب الجذرية
- لا توجد تعليمات للتأكيد

## الاقتراحات
1. أضف قاعدة لتأكيد التاريخ
   - النوع: إضافة
   - الأولوية: عالية
   - السبب: كان التاريخ خاطئًا
2. احذف التحية المكررة
   - النوع: حذف
   - الأولوية: منخفضة

## التحسين المتوقع
حجوزات صحيحة.
""",
        want("لتأكيد التاريخ", "add - high", why="خاطئ"),
        want("التحية المكررة", "remove - low"),
        analysis="لم يؤكد",
        causes=1,
        effect="صحيحة",
    ),
    case(
        "ar",
        2,
        "خمن النموذج الوحدة. يجب تحديد الوحدة في الموجه. ينبغي أيضًا إضافة مثال واحد.",
        want("تحديد الوحدة"),
        want("مثال واحد"),
        analysis="خمن",
    ),
    case(
        "hi",
        2,
        """## विश्लेषण
एजेंट ने तारीख की पुष्टि नहीं की।

## मूल कारण
- पुष्टि का निर्देश नहीं है

## सुझाव
1. तारीख की पुष्टि का नियम जोड़ें
   - प्रकार: जोड़ना
   - प्राथमिकता: उच्च
   - कारण: तारीख गलत थी
2. दोहराया गया अभिवादन हटाएँ
   - प्रकार: हटाना
   - प्राथमिकता: निम्न

## अपेक्षित सुधार
सही बुकिंग।
""",
        want("पुष्टि का नियम", "add - high", why="गलत थी"),
        want("अभिवादन", "remove - low"),
        analysis="पुष्टि नहीं",
        causes=1,
        effect="सही बुकिंग",
    ),
    case(
        "hi",
        2,
        "मॉडल ने इकाई का अनुमान लगाया। प्रॉम्प्ट में इकाई स्पष्ट करनी चाहिए। एक उदाहरण भी जोड़ें।",
        want("इकाई स्पष्ट"),
        want("उदाहरण"),
        analysis="अनुमान",
    ),
    case(
        "ko",
        2,
        "## 분석\n에이전트가 날짜를 확인하지 않았다.\n\n## 제안\n1. 날짜를 확인하는 규칙을 "
        "추가하세요.\n2. 중복된 인사말을 삭제하세요.\n",
        want("규칙을 추가", "add"),
        want("인사말", "remove"),
        analysis="확인하지",
    ),
    case(
        "it",
        2,
        "## Analisi\nL'agente ha scelto il file sbagliato.\n\n## Suggerimenti\n- Aggiungere il nome "
        "esatto del file.\n- Rimuovere il secondo elenco.\n",
        want("nome esatto"),
        want("secondo elenco"),
        analysis="file sbagliato",
    ),
    case(
        "mixed",
        2,
        "## Analysis\nThe prompt mixes languages.\n\n## 建议\n- 统一使用英文。\n- Add a glossary of the "
        "German terms.\n",
        want("统一使用"),
        want("German terms"),
        analysis="mixes languages",
    ),
    case(
        "table zh",
        2,
        "| 类型 | 建议 | 优先级 |\n|---|---|---|\n| 添加 | 说明输出语言 | 高 |\n| 删除 | 去掉第二个示例 |"
        " 低 |\n",
        want("输出语言", "add - high"),
        want("第二个示例", "remove - low"),
    ),
    case(
        "xml es",
        1,
        "<analisis>Falló.</analisis>\n"
        "<sugerencias><sugerencia><tipo>añadir</tipo><prioridad>alta</prioridad><descripcion>Agregar "
        ""
        "un límite de pasos.</descripcion></sugerencia></sugerencias>",
        want("límite de pasos", "add - high"),
    ),
    case(
        "prompt de",
        1,
        "## Überarbeiteter Prompt\n\nDu bist ein Assistent für Bibliotheken. Antworte nur aus dem Katalog.\n",
        want("Bibliotheken", text="nur aus dem Katalog"),
    ),
]
