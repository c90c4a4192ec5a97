"""The words by which a sentence suggests, regrets, promises or only talks, in a dozen languages."""

from __future__ import annotations

import re

from reflector.reflection.answers.words import one_of
from reflector.trajectories.findings.wording import words_of

CLAUSE = re.compile(r"(?:[:;]|\s(?:->|→|=>|—|–|-))\s+")
FIRST = re.compile(r"[^\W_]+")
QUOTED = one_of(r"""
    "[^"\n]{0,600}"|“[^“”\n]{0,600}”|«[^«»\n]{0,600}»|「[^「」\n]{0,600}」|`[^`\n]{0,600}`
""")
FILLER = one_of(r"""
    (?:sure|certainly|of course|absolutely|okay|ok|thanks|thank you|hello|hi|hey|alright|hmm|great|good start
    yes|no|well|claro|por supuesto|bien sûr|gerne|natürlich|конечно|好的|当然|はい|もちろん|بالتأكيد
    ज़रूर)\b[,.!:—–-]*\s*(?:so\s+)?
""")
LEAD_IN = one_of(r"""
    (?:and|but|or|also|additionally|furthermore|moreover|then|next|first(?:ly)?|second(?:ly)?|third(?:ly)?
    fourth(?:ly)?|finally|lastly|last|please|instead|alternatively|similarly|likewise|for (?:example
    instance)|in addition|ideally|specifically|to start|in particular|(?:more[ ]|most )?importantly|therefore
    so|thus|again|(?:if|where|when) (?:possible|needed|necessary|in doubt)|optionally|at (?:a )?minimum
    perhaps|maybe|simply|just|explicitly|clearly|going forward|as a first step|on top of that|one more thing
    above all|in short|overall|step \d+|\(?\d+[.)])[,:]?\s+
""")
VERBS = words_of("""
    abstain acknowledge add address adjust adopt align allow always anchor answer append apply ask assume attach
    avoid ban be begin bound break bring build calculate cap change check cite clarify close combine compare
    compute condense confirm consider consolidate constrain consult convert correct count craft create cut
    declare decompose decrease dedicate deduplicate define delete delimit demand demonstrate describe determine
    develop direct disallow disambiguate discard discourage document double drop edit eliminate embed emphasise
    emphasize employ enable encourage end enforce enhance ensure enumerate escalate establish examine expand
    explain expose extend fence fix flag flip focus fold follow forbid force format frame gate get give go
    ground group guide handle have highlight hoist identify illustrate implement improve include incorporate
    increase inject insert insist instruct introduce invert invoke keep label lead leverage limit list log look
    lower maintain make mandate mark mention merge modify move name narrow never note nudge number offer omit
    open optimise optimize outline output pair parse permit pin place prefer prepend preserve prevent print
    prioritise prioritize prohibit provide put quote raise read rearrange reason record reduce refer reference
    refine reflect regroup remind remove rename reorder reorganise reorganize repeat rephrase replace reply
    report request require resolve respond restate restrict restructure retain return reuse review revise reword
    rewrite round say scope search separate set sharpen shift shorten show simplify soften specify split
    standardise standardize start state steer stop store strengthen stress strip structure substitute summarise
    summarize supply swap switch take teach tell test think tie tighten track translate treat trim try turn
    unify update use utilize validate verify warn wrap write
""")
ADVERB_VERB = one_of(r"""
    (?:do not|don['’]t|let['’]s|call out|spell out|point out|fall back|re-?(?:check|read|run|state)
    (?:explicitly|clearly) \w+)\b
""")
CONDITIONS = words_of("""
    after as at because before between by during for if in instead near on once rather since to under unless
    until when whenever where wherever while with within
""")
HELPS = one_of(r"\b(?:would|will|could|can|helps?|might|may|is recommended)\b")
NOUN_USE = one_of(r"""
    [^\W_]+\s+(?:is|was|were|are|has|had|did|does|failed|of|results?\s+(?:were|was|are)|values?\s+(?:is|was)
    cases?\s+(?:\d+\s+)?(?:fail|was|is|were)|(?:\w+\s+)?(?:failed|returned|timed out)\b)\b
    let['’]s (?:look|see|analy|start|begin|go|think|break|examine)|try again[.!]*$|take care|get well|keep up
    (?:note|notice) (?:that\b|how\b)(?!.{0,200}\b(?:should|must)\b)|(?:have|be) (?:a )?(?:great|nice|good)\b
""")
"""What only looks like an order: its first word is a noun here, or the order is none to a prompt."""
ADVICE = one_of(r"""
    \b(?:(?:should|shall|must|recommend(?:ed|ing|ation)?|suggest(?:ion|ed))\b|(?:ought|has|have|remember|better) to\b
    needs? (?:to|an?|more|some|clear\w*|explicit|better|stronger|concrete|further)\b
    could (?:(?:also|perhaps|then|probably) )?(?:be|use|add|include|benefit|state|say|mention|explicitly|specify
    provide|help|start|require|ask|tell|try|improve|reduce)\b
    can be (?:\w+ )?(?:improved|fixed|addressed|made|reduced|simplified|strengthened|removed|shortened|clarified
    avoided|rephrased|replaced|better)\b
    would (?:also )?(?:be (?:better|useful|helpful|good|clearer|beneficial|best|wise|worth\w*)|benefit|help
    recommend|suggest|add|change|remove|rewrite|rephrase|include|move|like to see|need)\b
    (?:might|may) (?:also )?(?:help|benefit|be (?:better|worth|useful|good))\b
    it(?:['’]s| is|['’]d be| would be) (?:\w+ )?(?:important|better|best|recommended|advisable|essential|crucial
    necessary|helpful|useful|worth)\b
    (?:i|we)(?:['’]d| would)? (?:(?:strongly|also) )?(?:suggest|propose|advise)\b
    i(?:['’]ll\b| (?:will|plan to|intend to|want to|am going to)\b)
    (?:we|you|one) (?:can|could|may want|might want|need|should)\b
    (?:next|following|future) (?:time|trial|attempt|try|run|iteration)\b|instead (?:of|i)\b|worth \w+ing\b
    to (?:fix|remedy|address|resolve|correct|solve) (?:this|that|it|the)\b|try (?:to|\w+ing)\b|make sure\b
    let(?:['’]s| us)\b|how about\b|going forward\b|in (?:the )?future\b|be sure to\b|aim (?:to|for)\b)
""")
REGRET = one_of(r"""
    \b(?:(?:should|could|ought to)(?:n['’]t|[ ]not|[ ]also|[ ]instead|[ ]at least|[ ]simply)* have\b
    would have been better)(?: \w+){0,3}
""")
OWN_REGRET = one_of(r"""
    \b(?:i|we)\b[^.]{0,40}\b(?:should|could|ought to)\b|^(?:additionally, )?instead\b
""")
COMPLAINT = one_of(r"""
    \b(?:(?:does|do|did)(?: not|n['’]t)|never|fail(?:s|ed)? to|without|nothing (?:that )?|nowhere|neither
    no (?:rule|instruction|guidance|indication|hint|mention))\s*(?:\w+\s+){0,5}(?:say|says|saying|specif\w+
    states?|stating|tells?|telling|told|define[sd]?|mention\w*|explain\w*|instruct\w*|clarif\w+|knows?
    indicat\w+|understand\w*|realiz\w+|about)\b[^,;]{0,160}\b(?:should|must|shall|needs? to|has to|have to)\b
    \b(?:assumed|thought|believed|claimed|knew|guess\w*|unclear|unsure|ambiguous|confus\w+|question(?:s|ed)?
    decid\w+|not (?:know|sure|clear)|unaware)\b[^.;]{0,80}\b(?:should|must|needs? to|has to|have to|shall)\b
    \b(?:says?|said|stat(?:es?|ed)|asks?|asked|tells?|told) (?:that )?(?:the|it|we|they|to
    i)\b[^.;]{0,60}\b(?:should|must|has to|have to)\b
""")
FINE_ALREADY = one_of(r"""
    \b(?:(?:does|do)(?: not|n['’]t) (?:need|require) (?:any[ ]|further[ ]|more )|no (?:further )?(?:changes
    improvements|edits|modifications|suggestions) (?:are[ ]|is )?(?:needed|necessary|required)
    nothing (?:needs|has|more) to|already (?:very[ ]|extremely[ ]|quite )?(?:clear|good|perfect|positive
    complete|excellent)\b(?!.{0,200}\b(?:but|however)\b)|looks (?:fine|good) as)
""")
TALK = one_of(r"""
    (?:(?:please )?(?:try again|retry|wait|come back) (?:later|in)\b|best regards|kind regards|sincerely
    great job|good job|well done|you['’]re welcome|job well done|here(?:['’]s|[ ]is|[ ]are)|below (?:is|are
    you)|let me know|let me (?:\w+ )?(?:analy|review|look|think|start|go|walk|break|examine)|feel free|i hope
    hope (?:this|that|it)|(?:i['’](?:m|d)|i am|i would be)? ?(?:happy|glad) to|please (?:let me
    provide (?:the|your|me|more)|share|send|paste|feel free)|would you like|if you(?:['’]d|[ ]would) like
    if you (?:want|need|have|share|provide|can share)\b|good luck|i(?:['’]ve|[ ]have) (?:reviewed|analy[sz]ed
    looked|read|examined)|i(?:['’]ll|[ ]will|[ ]am going to|[ ]can)(?: now|[ ]first|[ ]begin by|[ ]start by
    [ ]be)* (?:analy|review|look(?:ing)? at|go through|examin|provide|help|walk|assess|summari|gladly
    happily)|let['’]s (?:look|see|analy|begin|break|examine|think|start)|the following (?:is|are)\b
    good question|wait,|aquí (?:está|tiene|van)|espero que|aqui (?:está|estão)|voici|n['’]hésitez|j['’]espère
    hier (?:ist|sind)|lass(?:en sie)? (?:es )?mich|ich hoffe|вот[ ]|надеюсь|дайте знать|以下是|希望|如果您
    以下は|承知|إليك|آمل|यहाँ[ ]|आशा|다음은)
""")
APPEAL = one_of(r"""
    (?:please )?(?:try|do it|do this|write it|go) (?:it )?again\b|keep going|you can do
""")
POLITE_QUESTION = one_of(r"""
    (?:why not|how about|what about (?:adding|using)|could (?:you|we|the prompt)|can (?:you|we)
    would it (?:help|be better)|should (?:we|the prompt))\b
""")
EFFECT = one_of(r"""
    (?!(?:it|this|that)(?: \w+){0,2} (?:would|could|might) (?:also )?(?:benefit|help to|be (?:better|useful
    helpful|good|best|worth)))(?:by (?:address|incorporat|implement|mak|do|follow|apply|adopt|tak
    integrat)\w+ (?:these|this|those|the (?:above|suggested|proposed|following)|all|such)|with (?:these|this
    those|the (?:above|suggested|proposed))\b|(?:these|those|the (?:above|suggested|proposed
    recommended)) (?:\w+ ){0,3}(?:should|will|would|can|could|may|might|aim|are expected|help)
    (?:implementing|incorporating|applying|making|adopting|following|addressing|together,?) (?:these|this
    those|they|the (?:above|suggested|proposed))\b|(?:this|that|it|doing so|which
    such an? \w+) (?:\w+ ){0,2}(?:will|would|should (?:help|improve|reduce|prevent|lead|ensure|make|result
    eliminate|stop|increase|raise|fix|give|allow|lower|cut|keep|avoid|produce|bring)|can help|helps|ensures
    reduces|improves|prevents|makes|allows)|(?:i[ ]|we )?expect(?:ed)?\b|overall,? (?:these|this
    the (?:changes|edits|result))|as a result,?|taken together|collectively|the (?:result|outcome|agent|model
    success rate|accuracy|expected \w+) (?:should|will|would) (?:then[ ]|now[ ]|be able|improve|increase|rise
    become|no longer|drop|stop|reliably|consistently)|accuracy (?:should|will|would)|(?:con|com) (?:estos
    estas|estas|esses|essas)|estos cambios|estas mudanças|essas mudanças|com essas|ces (?:changements
    modifications)|avec ces|mit diesen|diese änderungen|dadurch|с этими|эти изменения|это позволит|通过这些
    这些(?:修改|改动|改进)|这样|これにより|これらの(?:変更|改善)|ستؤدي هذه|هذه التغييرات|من شأن|इन (?:बदलावों
    सुधारों|परिवर्तनों)|इससे|이러한|이를 통해)
""")
REASON = one_of(r"""
    (?:this|that|it|doing so|otherwise|because|since|without (?:it|this|that)|so that|the (?:agent|model|run
    trajectory|log) (?:never|did|had|was|failed|tried|kept|guessed|assumed|called|used|confused|invented
    asked)|in the (?:run|trajectory|failed)|currently|right now|at present|the current|as it stands|esto|así
    isso|assim|cela|ainsi|dies|das|dadurch|sonst|это|иначе|这|否则|これ|そうしないと|هذا|وإلا|इससे|यह|क्योंकि)
""")
CAUSE = one_of(r"""
    \b(?:root cause|(?:main[ ]|underlying[ ]|core[ ]|real[ ]|primary[ ]|key )?(?:problem|issue|cause|reason
    failure|culprit) (?:is|was|lies|stems|here)|because|due to|caused by|stem(?:s|med) from|failed (?:to
    because)|fails to|i assumed|assum(?:ed|es) that|was not told|does(?: not|n['’]t) (?:say|specify|state
    tell|define|mention|explain)|nothing (?:in the prompt )?(?:says|tells)|stuck in a loop|forgot to
    (?:the prompt|it) (?:lacks|omits)|porque|debido a|causa|weil|liegt daran|ursache|parce que|à cause
    потому что|из-за|причин\w+)\b|因为|由于|原因|根本|ため|原因で|بسبب|لأن|क्योंकि|के कारण
""")
LATIN = one_of(r"""
    \b(?:deber[íi]an?|debe[ns]?|recomiend\w+|recomendamos|sugier\w+|sugerimos|hay que|conviene|habría que
    sería (?:mejor|útil|conveniente|bueno)|es (?:necesario|recomendable|importante|preciso)|la próxima vez
    en el próximo|deve(?:ria|m|riam)?|recomend[oa]\w*|sug(?:iro|ere)\w*|é (?:preciso|necessário|importante
    recomendável)|seria (?:melhor|útil|bom)|da próxima vez|na próxima|devrai(?:t|ent)|doi(?:t|vent)|devez
    il (?:faut|faudrait|convient|serait)|recommand[eo]\w*|suggère\w*|la prochaine fois|sollten?|müss(?:en|te
    ten)|muss|empfehle\w*|empfiehlt|schlage|wäre (?:besser|hilfreich|sinnvoll|gut)|es ist (?:wichtig|nötig
    notwendig|ratsam)|nächstes mal|beim nächsten|ich werde|werde ich|dovrebbe(?:ro)?|bisogna|consiglio di)\b
""")
FRAME = re.compile(r"[^,，、:\n]{2,80}[,，、:]\s*")
"""What may stand before an order: `En la sección 2, añade …`."""
LATIN_IMPERATIVE = one_of(r"""
    (?:(?:añad|agreg|incluy|inclúy|incluir|elimin|quit[ea]|cambi[ea]
    reempla[cz]|sustituy|sustituir|aclar[ea]|especifi[cq]|defin[ae]|defin[ií]r|us[ea]r?\b|utili[cz]|evit[ea]
    asegúr|mueva|mover|reestruct|reorgani[cz]|divid[aei]|proporcion|indiqu|indic[ae]|establ|limit[ea]
    verifi[cq]|pid[ae]|exij|exig[ei]|reescrib|simplifi[cq]|consider[ea]|prueb|incorpor|mencion|pon(?:ga|er
    \b)|no (?:us|repit|asum|incluy)|adicion|inclua|remov[ae]|substitu[aií]|mud[ea]|alter[ea]|esclare[çc]
    especifiqu|certifi|garant|mova|reestrutur|reorgani[zs]|divid[ai]|forne[çc]|estabele[çc]|verifiqu|peça
    reescrev|acrescent|insir|inserir|coloqu|não (?:us|repit|assum)|ajout|inclu(?:re|ez|s)\b|supprim
    retir(?:er|ez)|remplac|chang(?:er|ez)|modifi(?:er|ez)|clarifi|précis(?:er|ez)|défini(?:r|ssez)
    utilis(?:er|ez)|évit|assur|déplac|restructur|réorgan|divis(?:er|ez)|fourni(?:r|ssez)|indiqu(?:er|ez)
    vérifi|demand(?:er|ez)|exig(?:er|ez)|réécri|reformul|envisag|insér|mett(?:re|ez)|ne pas|füge|fügen|ergänz
    entfern|lösch|streich|ersetz|änder|präzisier|definier|verwend|nutz|vermeid|stell|verschieb|strukturier
    gliede|teile|gib\b|geben|leg[et]|begrenz|prüf|überprüf|forder|verlang|formulier|vereinfach|nenn|beschreib
    erklär|klär|nimm|weis[et]|setz|mach|schreib|bau|ordne|aggiung|rimuov|sostitui|chiari|specific)\w*
    (?:[\wäöüß-]+\s+){1,12}(?:hinzufügen|ergänzen|entfernen|löschen|streichen|ersetzen|ändern|präzisieren
    umstellen|verschieben|einfügen|aufnehmen|definieren|vorgeben|verlangen|begrenzen|klären|umstrukturieren
    aufteilen|gliedern|formulieren|nennen|verwenden|vermeiden|prüfen|festlegen|angeben|beschreiben)\b)
""")
OTHER_SCRIPTS = one_of(r"""
    \b(?:следует|нужно|необходимо|стоит|должн[аоы]|должен|рекоменду\w+|предлага\w+|в следующий раз|надо)\b
    应该|应当|建议|必须|需要|最好|务必|下次|不要|避免|确保|应(?=[在将把以对明先包提要给])|可以(?=添加|增加
    加入|改)|べき|必要があ|してください|て(?:ください|下さい)|ましょう|お勧め|推奨|ようにする|ことを?(?:勧め
    提案)|[たる]方が(?:よい|いい|良い)|次回|(?:追加|削除|変更|修正|明示|移動|分割|再構成|指定|制限|確認|使用
    記載|要求|定義|統合|明確化)(?:する|し、|し。|$|。)|(?:加え|含め|置き換え|並べ替え|書き換え|入れ|減ら
    分け)(?:る|$|。)|明確にする|يجب|ينبغي|من الأفضل|أوصي|أقترح|نوصي|نقترح|يُنصح|لا بد|في المرة القادمة|يُفضل
    يفضل|चाहिए|ज़रूरी है|जरूरी है|आवश्यक है|अगली बार|(?:करें|जोड़ें|जोड़ें|हटाएँ|हटाएं|बदलें|रखें|लिखें|बताएँ
    बताएं|डालें|कीजिए|बनाएँ|बनाएं|दें|लें|माँगें|मांगें|कहें|बाँटें|बांटें)(?=\s*[।.!"”]|$|\s+(?:और|ताकि
    कि))|해야|하세요|십시오|권장|필요합니다|(?:추가|삭제|제거|수정|변경|명시)(?:하|해|$)
""")
OTHER_IMPERATIVE = one_of(r"""
    (?:(?:добав|включ|встав|удал|убер|убра|замен|измен|уточн|определ|использ
    избег|убед|перенес|перенест|перестро|реструкт|раздел|укаж|указ|огранич|провер|потреб|перепи|упрост
    рассмотр|опиш|привед|привест|сформул|сдела|объедин|запрет|не (?:использ|повтор))\w*|(?:请|首先|其次|最后
    然后|同时|另外)?[，,]?\s*(?:(?:在|将|把|对|为|给|向|让|用)[^。\n]{1,60}?)?(?:添加|增加|加入|补充|新增
    删除|移除|去掉|修改|改为|替换|更改|改写|明确|调整|重组|重新|提供|使用|要求|限制|规定|列出|说明|指定|定义
    强调|简化|拆分|合并|移到|移至|放在|加上|引入|设定|设置|禁止|让|检查|验证)|و?(?:أضف|اضف|إضافة|أدرج|إدراج
    احذف|حذف|إزالة|أزل|استبدل|استبدال|عدّل|عدل|تعديل|غيّر|تغيير|وضّح|وضح|توضيح|حدد|حدّد|تحديد|استخدم|استخدام|تجنب
    تأكد|انقل|نقل|أعد|إعادة|قسّم|قسم|تقسيم|قدّم|تقديم|اذكر|اطلب|ألزم|اشترط|قلل|ضع|اجعل))
""")
