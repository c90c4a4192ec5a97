"""The words by which a sentence suggests, regrets, promises or only talks, in a dozen languages."""

from __future__ import annotations

import re

__all__ = [
    "ADVERB_VERB",
    "ADVICE",
    "APPEAL",
    "CAUSE",
    "CLAUSE",
    "COMPLAINT",
    "CONDITIONS",
    "EFFECT",
    "FILLER",
    "FINE_ALREADY",
    "FINE_CLUES",
    "FIRST",
    "GERUNDS",
    "HAS_QUOTE",
    "HELPS",
    "LATIN",
    "LATIN_FIRST",
    "LATIN_IMPERATIVE",
    "LEAD_IN",
    "NOUN_USE",
    "OTHER_IMPERATIVE",
    "OTHER_SCRIPTS",
    "OWN_REGRET",
    "POLITE_QUESTION",
    "QUOTED",
    "REASON",
    "REFUSAL",
    "REFUSES",
    "REGRET",
    "TALK",
    "VERBS",
]

FILLER = re.compile(
    r"(?:(?:sure|certainly|of course|absolutely|okay|ok|thanks|thank you|hello|hi|hey|alright|hmm|"
    r"great|good start|yes|no|well|claro|por supuesto|bien sûr|gerne|natürlich|конечно|好的|当然|はい|"
    r"もちろん|بالتأكيد|ज़रूर)\b[,.!:—–-]*\s*(?:so\s+)?)?",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"(?:[:;]|\s(?:->|→|=>|—|–|-))\s+")
QUOTED = re.compile(
    r"\"[^\"\n]{0,600}\"|“[^“”\n]{0,600}”|«[^«»\n]{0,600}»|「[^「」\n]{0,600}」|`[^`\n]{0,600}`"
)
LEAD_IN = re.compile(
    r"(?:(?:and|but|or|also|additionally|furthermore|moreover|then|next|first(?:ly)?|second(?:ly)?|"
    r"third(?:ly)?|fourth(?:ly)?|finally|lastly|last|"
    r"please|instead|alternatively|similarly|likewise|for (?:example|instance)|in addition|ideally|"
    r"specifically|to start|in particular|"
    r"(?:more |most )?importantly|therefore|so|thus|again|(?:if|where|when) (?:possible|needed|"
    r"necessary|in doubt)|optionally|at (?:a )?minimum|perhaps|maybe|simply|just|"
    r"explicitly|clearly|going forward|as a first step|on top of that|one more thing|above all|"
    r"in short|overall|step \d+|\(?\d+[.)])[,:]?\s+){0,4}",
    re.IGNORECASE,
)
_VERBS = """
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
"""
VERBS = frozenset(_VERBS.split())
ADVERB_VERB = re.compile(
    r"(?:do not|don['’]t|let['’]s|call out|spell out|point out|fall back|re-?(?:check|read|run|state)|"
    r"(?:explicitly|clearly) \w+)\b",
    re.IGNORECASE,
)
FIRST = re.compile(r"[^\W_]+")
_CONDITIONS = """
after as at because before between by during for if in instead near on once rather since to under unless
until when whenever where wherever while with within
"""
CONDITIONS = frozenset(_CONDITIONS.split())
_GERUNDS = """
adding asking clarifying defining giving including making moving providing removing reorganising
reorganizing replacing requiring restructuring rewording simplifying specifying splitting stating using
utilising utilizing
"""
GERUNDS = frozenset(_GERUNDS.split())
HELPS = re.compile(r"\b(?:would|will|could|can|helps?|might|may|is recommended)\b", re.IGNORECASE)
NOUN_USE = re.compile(
    LEAD_IN.pattern + r"[^\W_]+\s+(?:is|was|were|are|has|had|did|does|failed|of|results?\s+(?:were|was|are)|"
    r"values?\s+(?:is|was)|cases?\s+(?:\d+\s+)?(?:fail|was|is|were)|(?:\w+\s+)?(?:failed|returned|"
    r"timed out)\b)\b"
    r"|^let['’]s (?:look|see|analy|start|begin|go|think|break|examine)|^(?:note|notice) (?:that\b|"
    r"how\b)(?!.{0,200}\b(?:should|must)\b)|^(?:have|be) (?:a )?(?:great|nice|good)\b|^(?:keep up|"
    r"take care|get well|try again[.!]*$)",
    re.IGNORECASE,
)
ADVICE = {
    word: re.compile(follows)
    for words, follows in (
        ("should shall must recommend recommended recommending recommendation suggestion suggested", r"\b"),
        ("ought", r" to\b"),
        ("needs need", r" (?:to|an?|more|some|clear\w*|explicit|better|stronger|concrete|further)\b"),
        ("has have", r" to\b"),
        (
            "could",
            r" (?:also |perhaps |then |probably )?(?:be|use|add|include|benefit|state|say|mention|explicitly|"
            r"specify|provide|help|start|require|ask|tell|try|improve|reduce)\b",
        ),
        (
            "can",
            r" be (?:\w+ )?(?:improved|fixed|addressed|made|reduced|simplified|strengthened|removed|shortened|"
            r"clarified|avoided|rephrased|replaced|better)\b",
        ),
        (
            "would",
            r" (?:also )?(?:be (?:better|useful|helpful|good|clearer|beneficial|best|wise|worth\w*)|benefit|"
            r"help|recommend|suggest|add|change|remove|rewrite|rephrase|include|move|like to see|need)\b",
        ),
        ("might may", r" (?:also )?(?:help|benefit|be (?:better|worth|useful|good))\b"),
        (
            "it",
            r"(?:['’]s| is|['’]d be| would be) (?:\w+ )?(?:important|better|best|recommended|advisable|"
            r"essential|crucial|necessary|helpful|useful|worth)\b",
        ),
        (
            "i",
            r"(?:['’]d| would)? (?:strongly |also )?(?:suggest|propose|advise)\b|['’]ll\b| (?:will|plan to|"
            r"intend to|want to|am going to)\b",
        ),
        (
            "we",
            r"(?:['’]d| would)? (?:strongly |also )?(?:suggest|propose|advise)\b| (?:can|could|may want|"
            r"might want|need|should)\b",
        ),
        ("you one", r" (?:can|could|may want|might want|need|should)\b"),
        ("next", r" (?:time|trial|attempt|try|run|iteration)\b"),
        ("following future", r" (?:trial|attempt|try|run|iteration)\b"),
        ("instead", r" (?:of|i)\b"),
        ("to", r" (?:fix|remedy|address|resolve|correct|solve) (?:this|that|it|the)\b"),
        ("try", r" (?:to|\w+ing)\b"),
        ("make", r" sure\b"),
        ("let", r"(?:['’]s| us)\b"),
        ("how", r" about\b"),
        ("remember better", r" to\b"),
        ("going", r" forward\b"),
        ("in", r" (?:the )?future\b"),
        ("be", r" sure to\b"),
        ("aim", r" (?:to|for)\b"),
        ("worth", r" \w+ing\b"),
    )
    for word in words.split()
}
REGRET = re.compile(
    r"\b(?:(?:should|could|ought to)(?:n['’]t| not| also| instead| at least| simply)* have\b|"
    r"would have been better)(?: \w+){0,3}",
    re.IGNORECASE,
)
OWN_REGRET = re.compile(
    r"\b(?:i|we)\b[^.]{0,40}\b(?:should|could|ought to)\b|^(?:additionally, )?instead\b", re.IGNORECASE
)
COMPLAINT = re.compile(
    r"\b(?:(?:does|do|did)(?: not|n['’]t)|never|fail(?:s|ed)? to|without|nothing (?:that )?|nowhere|"
    r"neither|no (?:rule|instruction|guidance|indication|hint|mention))\s*(?:\w+\s+){0,5}"
    r"(?:say|says|saying|specif\w+|states?|stating|tells?|telling|told|define[sd]?|mention\w*|"
    r"explain\w*|instruct\w*|clarif\w+|knows?|indicat\w+|understand\w*|realiz\w+|"
    r"about)\b[^,;]{0,160}\b(?:should|must|shall|needs? to|has to|have to)\b"
    r"|\b(?:assumed|thought|believed|claimed|knew|guess\w*|unclear|unsure|ambiguous|confus\w+|"
    r"question(?:s|ed)?|decid\w+|not (?:know|sure|clear)|unaware)\b[^.;]{0,80}\b(?:should|must|"
    r"needs? to|has to|have to|shall)\b"
    r"|\b(?:says?|said|stat(?:es?|ed)|asks?|asked|tells?|told) (?:that )?(?:the|it|we|they|to|"
    r"i)\b[^.;]{0,60}\b(?:should|must|has to|have to)\b",
    re.IGNORECASE,
)
FINE_CLUES = ("already", "nothing ", "n't ", "n’t ", "not ", "no ", "looks ")
FINE_ALREADY = re.compile(
    r"\b(?:(?:does|do)(?: not|n['’]t) (?:need|require) (?:any |further |more )|"
    r"no (?:further )?(?:changes|improvements|edits|modifications|suggestions) (?:are |is )?(?:needed|"
    r"necessary|required)|"
    r"nothing (?:needs|has|more) to|already (?:very |extremely |quite )?(?:clear|good|perfect|"
    r"positive|complete|excellent)\b(?!.{0,200}\b(?:but|however)\b)|looks (?:fine|good) as)",
    re.IGNORECASE,
)
TALK = re.compile(
    r"(?:(?:please )?(?:try again|retry|wait|come back) (?:later|in)\b|best regards|kind regards|"
    r"sincerely|great job|good job|well done|you['’]re welcome|job well done|"
    r"here(?:['’]s| is| are)|below (?:is|are|you)|let me know|let me (?:\w+ )?(?:analy|review|look|"
    r"think|start|go|walk|break|examine)|feel free|i hope|hope (?:this|that|it)|(?:i['’](?:m|d)|i am|"
    r"i would be)? ?(?:happy|glad) to|please (?:let me|provide (?:the|your|me|more)|share|send|paste|"
    r"feel free)|"
    r"would you like|if you(?:['’]d| would) like|if you (?:want|need|have|share|provide|can share)\b|"
    r"good luck|i(?:['’]ve| have) (?:reviewed|analy[sz]ed|looked|read|examined)|"
    r"i(?:['’]ll| will| am going to| can)(?: now| first| begin by| start by| be)* (?:analy|review|"
    r"look(?:ing)? at|go through|examin|provide|help|walk|assess|summari|gladly|happily)|"
    r"let['’]s (?:look|see|analy|begin|break|examine|think|start)|the following (?:is|are)\b|"
    r"good question|wait,|"
    r"aquí (?:está|tiene|van)|espero que|aqui (?:está|estão)|voici|n['’]hésitez|j['’]espère|"
    r"hier (?:ist|sind)|lass(?:en sie)? (?:es )?mich|ich hoffe|вот |надеюсь|дайте знать|"
    r"以下是|希望|如果您|以下は|承知|إليك|آمل|यहाँ |आशा|다음은)",
    re.IGNORECASE,
)
APPEAL = re.compile(
    r"(?:please )?(?:try|do it|do this|write it|go) (?:it )?again\b|keep going|you can do", re.IGNORECASE
)
POLITE_QUESTION = re.compile(
    r"(?:why not|how about|what about (?:adding|using)|could (?:you|we|the prompt)|can (?:you|we)|"
    r"would it (?:help|be better)|should (?:we|the prompt))\b",
    re.IGNORECASE,
)
EFFECT = re.compile(
    r"(?!(?:it|this|that)(?: \w+){0,2} (?:would|could|might) (?:also )?(?:benefit|help to|"
    r"be (?:better|useful|helpful|good|best|worth)))(?:by (?:address|incorporat|implement|mak|do|"
    r"follow|apply|adopt|tak|integrat)\w+ (?:these|this|those|the (?:above|suggested|proposed|"
    r"following)|all|such)|with (?:these|this|those|the (?:above|suggested|proposed))\b|"
    r"(?:these|those|the (?:above|suggested|proposed|recommended)) (?:\w+ ){0,3}(?:should|will|would|"
    r"can|could|may|might|aim|are expected|help)|(?:implementing|incorporating|applying|making|"
    r"adopting|following|addressing|together,?) (?:these|this|those|they|the (?:above|suggested|"
    r"proposed))\b|"
    r"(?:this|that|it|doing so|which|such an? \w+) (?:\w+ ){0,2}(?:will|would|should (?:help|improve|"
    r"reduce|prevent|lead|ensure|make|result|eliminate|stop|increase|raise|fix|give|allow|lower|cut|"
    r"keep|avoid|produce|bring)|can help|helps|ensures|reduces|improves|prevents|makes|allows)|"
    r"(?:i |we )?expect(?:ed)?\b|overall,? (?:these|this|the (?:changes|edits|result))|as a result,?|"
    r"taken together|collectively|the (?:result|outcome|agent|model|success rate|accuracy|"
    r"expected \w+) (?:should|will|would) (?:then |now |be able|improve|increase|rise|become|"
    r"no longer|drop|stop|reliably|consistently)|accuracy (?:should|will|would)|"
    r"(?:con|com) (?:estos|estas|estas|esses|essas)|estos cambios|estas mudanças|essas mudanças|"
    r"com essas|ces (?:changements|modifications)|avec ces|mit diesen|diese änderungen|dadurch|"
    r"с этими|эти изменения|это позволит|通过这些|这些(?:修改|改动|改进)|这样|これにより|"
    r"これらの(?:変更|改善)|ستؤدي هذه|هذه التغييرات|من شأن|इन (?:बदलावों|सुधारों|परिवर्तनों)|इससे|"
    r"이러한|이를 통해)",
    re.IGNORECASE,
)
REASON = re.compile(
    r"(?:this|that|it|doing so|otherwise|because|since|without (?:it|this|that)|so that|the (?:agent|"
    r"model|run|trajectory|log) (?:never|did|had|was|failed|tried|kept|guessed|assumed|called|used|"
    r"confused|invented|asked)|in the (?:run|trajectory|failed)|"
    r"currently|right now|at present|the current|as it stands|esto|así|isso|assim|cela|ainsi|dies|das|"
    r"dadurch|sonst|это|иначе|这|否则|これ|そうしないと|هذا|وإلا|इससे|यह|क्योंकि)",
    re.IGNORECASE,
)
CAUSE = re.compile(
    r"\b(?:root cause|(?:main |underlying |core |real |primary |key )?(?:problem|issue|cause|reason|"
    r"failure|culprit) (?:is|was|lies|stems|here)|because|due to|caused by|stem(?:s|med) from|"
    r"failed (?:to|because)|fails to|i assumed|assum(?:ed|es) that|was not told|"
    r"does(?: not|n['’]t) (?:say|specify|state|tell|define|mention|explain)|"
    r"nothing (?:in the prompt )?(?:says|tells)|stuck in a loop|forgot to|(?:the prompt|it) (?:lacks|"
    r"omits)|porque|debido a|causa|weil|liegt daran|ursache|parce que|à cause|потому что|из-за|"
    r"причин\w+)\b|因为|由于|原因|根本|ため|原因で|بسبب|لأن|क्योंकि|के कारण",
    re.IGNORECASE,
)
REFUSAL = re.compile(
    r"\bi(?:['’]m| am) (?:very |really |so )?(?:sorry|unable|not able|afraid)|\bi (?:can(?:not|['’]t|"
    r" not)|won['’]t|am not able to) (?:\w+ )?(?:help|assist|provide|comply|do|analy|fulfil|create|"
    r"generate|review|access|see|continue|offer|reflect)|\bas an ai\b|\bunable to (?:assist|help|"
    r"comply|provide|process)|"
    r"lo siento|no puedo (?:ayudar|cumplir)|desculpe|não posso|je suis désolé|je ne peux pas|"
    r"es tut mir leid|ich kann (?:dabei |ihnen )?nicht|извините|не могу помочь|к сожалению, я не|抱歉|"
    r"对不起|无法(?:协助|帮助|提供)|申し訳|お手伝いできません|آسف|لا (?:يمكنني|أستطيع)|क्षमा करें|"
    r"माफ़ कीजिए|मैं .{0,20}नहीं कर सकता|죄송",
    re.IGNORECASE,
)
REFUSES = re.compile(
    r"\b(?:i(?:['’]m| am) (?:very |really |so )?(?:sorry|unable|not able|afraid)|i (?:can(?:not|['’]t|"
    r" not)|won['’]t) (?:\w+ )?(?:help|assist|provide|comply|do|analy|access|see)|as an ai)\b",
    re.IGNORECASE,
)
HAS_QUOTE = re.compile('["“«「`]')
LATIN_FIRST = re.compile(
    r"deber[íi]an?|debe[ns]?|recom[ie]\w+|sug\w+|hay|conviene|habría|sería|es|la|en|dev\w+|é|seria|da|"
    r"na|il|doi(?:t|vent)|recommand\w+|sollten?|müss\w+|muss|"
    r"empf\w+|schlage|wäre|nächstes|beim|ich|werde|dovrebbe(?:ro)?|bisogna|consiglio"
)
LATIN = re.compile(
    r"\b(?:deber[íi]an?|debe[ns]?|recomiend\w+|recomendamos|sugier\w+|sugerimos|hay que|conviene|"
    r"habría que|sería (?:mejor|útil|conveniente|bueno)|es (?:necesario|recomendable|importante|"
    r"preciso)|la próxima vez|en el próximo|"
    r"deve(?:ria|m|riam)?|recomend[oa]\w*|sug(?:iro|ere)\w*|é (?:preciso|necessário|importante|"
    r"recomendável)|seria (?:melhor|útil|bom)|da próxima vez|na próxima|"
    r"devrai(?:t|ent)|doi(?:t|vent)|devez|il (?:faut|faudrait|convient|serait)|recommand[eo]\w*|"
    r"suggère\w*|la prochaine fois|"
    r"sollten?|müss(?:en|te|ten)|muss|empfehle\w*|empfiehlt|schlage|wäre (?:besser|hilfreich|sinnvoll|"
    r"gut)|es ist (?:wichtig|nötig|notwendig|ratsam)|nächstes mal|beim nächsten|ich werde|werde ich|"
    r"dovrebbe(?:ro)?|bisogna|consiglio di)\b",
    re.IGNORECASE,
)
FRAME = r"(?:[^,，、:\n]{2,80}[,，、:]\s*)?"
LATIN_IMPERATIVE = re.compile(
    FRAME
    + r"(?:(?:añad|agreg|incluy|inclúy|incluir|elimin|quit[ea]|cambi[ea]|reempla[cz]|sustituy|sustituir|"
    r"aclar[ea]|especifi[cq]|defin[ae]|defin[ií]r|us[ea]r?\b|utili[cz]|evit[ea]|asegúr|mueva|mover|"
    r"reestruct|reorgani[cz]|divid[aei]|proporcion|indiqu|indic[ae]|"
    r"establ|limit[ea]|verifi[cq]|pid[ae]|exij|exig[ei]|reescrib|simplifi[cq]|consider[ea]|prueb|"
    r"incorpor|mencion|pon(?:ga|er|\b)|no (?:us|repit|asum|incluy)|"
    r"adicion|inclua|remov[ae]|substitu[aií]|mud[ea]|alter[ea]|esclare[çc]|especifiqu|certifi|garant|"
    r"mova|reestrutur|reorgani[zs]|divid[ai]|forne[çc]|estabele[çc]|verifiqu|peça|reescrev|acrescent|"
    r"insir|inserir|coloqu|não (?:us|repit|assum)|"
    r"ajout|inclu(?:re|ez|s)\b|supprim|retir(?:er|ez)|remplac|chang(?:er|ez)|modifi(?:er|ez)|clarifi|"
    r"précis(?:er|ez)|défini(?:r|ssez)|utilis(?:er|ez)|évit|assur|déplac|restructur|réorgan|"
    r"divis(?:er|ez)|fourni(?:r|ssez)|indiqu(?:er|ez)|vérifi|demand(?:er|ez)|exig(?:er|ez)|réécri|"
    r"reformul|envisag|insér|mett(?:re|ez)|ne pas|"
    r"füge|fügen|ergänz|entfern|lösch|streich|ersetz|änder|präzisier|definier|verwend|nutz|vermeid|"
    r"stell|verschieb|strukturier|gliede|teile|gib\b|geben|leg[et]|begrenz|prüf|überprüf|forder|"
    r"verlang|formulier|vereinfach|nenn|beschreib|erklär|klär|nimm|weis[et]|setz|mach|schreib|bau|"
    r"ordne|"
    r"aggiung|rimuov|sostitui|chiari|specific)\w*"
    r"|(?:[\wäöüß-]+\s+){1,12}(?:hinzufügen|ergänzen|entfernen|löschen|streichen|ersetzen|ändern|"
    r"präzisieren|umstellen|verschieben|einfügen|aufnehmen|definieren|vorgeben|verlangen|begrenzen|"
    r"klären|umstrukturieren|aufteilen|gliedern|formulieren|nennen|verwenden|vermeiden|prüfen|"
    r"festlegen|angeben|beschreiben)\b)",
    re.IGNORECASE,
)
OTHER_SCRIPTS = re.compile(
    r"\b(?:следует|нужно|необходимо|стоит|должн[аоы]|должен|рекоменду\w+|предлага\w+|в следующий раз|надо)\b"
    r"|应该|应当|建议|必须|需要|最好|务必|下次|不要|避免|确保|应(?=[在将把以对明先包提要给])|"
    r"可以(?=添加|增加|加入|改)|べき|必要があ|してください|て(?:ください|下さい)|ましょう|お勧め|推奨|"
    r"ようにする|ことを?(?:勧め|提案)|[たる]方が(?:よい|いい|良い)|次回"
    r"|(?:追加|削除|変更|修正|明示|移動|分割|再構成|指定|制限|確認|使用|記載|要求|定義|統合|"
    r"明確化)(?:する|し、|し。|$|。)|(?:加え|含め|置き換え|並べ替え|書き換え|入れ|減ら|分け)(?:る|$|"
    r"。)|明確にする"
    r"|يجب|ينبغي|من الأفضل|أوصي|أقترح|نوصي|نقترح|يُنصح|لا بد|في المرة القادمة|يُفضل|يفضل"
    r"|चाहिए|ज़रूरी है|जरूरी है|आवश्यक है|अगली बार|(?:करें|जोड़ें|जोड़ें|हटाएँ|हटाएं|बदलें|रखें|लिखें|"
    r"बताएँ|बताएं|डालें|कीजिए|बनाएँ|बनाएं|दें|लें|माँगें|मांगें|कहें|बाँटें|बांटें)(?=\s*[।.!\"”]|$|"
    r"\s+(?:और|ताकि|कि))"
    r"|해야|하세요|십시오|권장|필요합니다|(?:추가|삭제|제거|수정|변경|명시)(?:하|해|$)",
    re.IGNORECASE,
)
OTHER_IMPERATIVE = re.compile(
    FRAME + r"(?:(?:добав|включ|встав|удал|убер|убра|замен|измен|уточн|определ|использ|избег|убед|перенес|"
    r"перенест|перестро|реструкт|раздел|укаж|указ|огранич|провер|потреб|перепи|упрост|рассмотр|опиш|"
    r"привед|привест|сформул|сдела|объедин|запрет|не (?:использ|повтор))\w*"
    r"|(?:请|首先|其次|最后|然后|同时|另外)?[，,]?\s*(?:(?:在|将|把|对|为|给|向|让|"
    r"用)[^。\n]{1,60}?)?(?:添加|增加|加入|补充|新增|删除|移除|去掉|修改|改为|替换|更改|改写|明确|"
    r"调整|重组|重新|提供|使用|要求|限制|规定|列出|说明|指定|定义|强调|简化|拆分|合并|移到|移至|放在|"
    r"加上|引入|设定|设置|禁止|让|检查|验证)"
    r"|و?(?:أضف|اضف|إضافة|أدرج|إدراج|احذف|حذف|إزالة|أزل|استبدل|استبدال|عدّل|عدل|تعديل|غيّر|تغيير|وضّح|"
    r"وضح|توضيح|حدد|حدّد|تحديد|استخدم|استخدام|تجنب|تأكد|انقل|نقل|أعد|إعادة|قسّم|قسم|تقسيم|قدّم|تقديم|"
    r"اذكر|اطلب|ألزم|اشترط|قلل|ضع|اجعل))",
    re.IGNORECASE,
)
