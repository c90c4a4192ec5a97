"""Sentences of an answer, and what each of them does: suggest, regret, promise an effect, or only talk."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from itertools import islice

__all__ = ["Kind", "is_reason", "is_refusal", "kind_of", "names_cause", "split_sentences"]


class Kind(IntEnum):
    """What a sentence does, from the least to the most useful to somebody who improves a prompt."""

    TALK = 0
    """Pleasantries, questions, refusals."""
    STATEMENT = 1
    """Says how things are or were."""
    EFFECT = 2
    """Says what the changes will bring."""
    ENCOURAGEMENT = 3
    """An empty appeal: `Try again to make it better!`."""
    REGRET = 4
    """What somebody else should have done: a suggestion only where nothing better is said."""
    SUGGESTION = 5


_MOST_SENTENCES = 2000
_LONGEST = 2000
"""Characters of one sentence that are looked at."""
_STOPS = re.compile(
    r"(?=[\"“«「`.!?…。！？؟।\n])(?:\"[^\"\n]{0,1500}\"|“[^“”\n]{0,1500}”|«[^«»\n]{0,1500}»|「[^「」\n]{0,1500}」|`[^`\n]{0,600}`"
    r"|[.!?…]+[\"'”’»)\]*_]*(?=\s|$)|[。！？؟।]+[」』”）]*|\n+)"
)
_ABBREVIATION = re.compile(r"(?:\b(?:e\.?g|i\.?e|etc|vs|cf|Dr|Mr|Ms|Mrs|No|Fig|approx|z\.B|d\.h|bzw|p\.ej|ex|Sr|Sra|т\.е|т\.д)|(?<!\w)[A-HJ-Z])\.$|(?:^|\n)[ \t>*_(-]*\d{1,2}\.$")
_ENDS_IN_QUOTE = re.compile(r"[.!?。！？][\"”»」]$")


def split_sentences(text: str) -> list[str]:
    """Return the first 2,000 sentences of `text`, stripped, in order; quoted passages are never split.

    Linear in the length of `text`.
    """
    pieces: list[str] = []
    start = 0
    for stop in _STOPS.finditer(text):
        end = stop.end()
        if text[stop.start()] in "\"“«「`" and not _ENDS_IN_QUOTE.search(stop[0]):
            continue
        if not _is_boundary(text, stop.start(), end):
            continue
        pieces.append(text[start:end].strip())
        start = end
        if len(pieces) >= _MOST_SENTENCES:
            break
    pieces.append(text[start : start + 20 * _LONGEST].strip())
    return [piece for piece in pieces if piece]


def _is_boundary(text: str, start: int, end: int) -> bool:
    if text[end - 1] == "\n" or text[start] in "。！？؟।":
        return True
    if text[start] == "." and _ABBREVIATION.search(text, max(0, start - 8), start + 1):
        return False
    follows = text[end : end + 12].lstrip()
    return text[end : end + 1].isspace() and not follows[:1].islower() and follows[:1] not in {",", ";", ")"}


@lru_cache(maxsize=1024)
def kind_of(sentence: str) -> Kind:
    """Return what `sentence` does, judged by its words in a dozen languages.

    >>> kind_of("Add the date format."), kind_of("The agent guessed."), kind_of("Let me know!")
    (<Kind.SUGGESTION: 5>, <Kind.STATEMENT: 1>, <Kind.TALK: 0>)
    """
    said = sentence[:_LONGEST].strip().lstrip("*_-•–#>\"“” \t")
    said = said[_FILLER.match(said).end() :]
    if len(said) < _SHORTEST or (len(said) < _GREETING and said.endswith(",")) or _TALK.match(said):
        return Kind.TALK
    if _APPEAL.match(said):
        return Kind.ENCOURAGEMENT
    if _EFFECT.match(said):
        return Kind.EFFECT
    if said.rstrip("\"')”* ").endswith(("?", "？", "؟")):
        return Kind.SUGGESTION if _POLITE_QUESTION.match(said) else Kind.TALK
    if _orders(said) or any(_orders(said[clause.end() :]) for clause in islice(_CLAUSE.finditer(said), 4)):
        return Kind.SUGGESTION
    return _kind_by_cue(said)


def _orders(clause: str) -> bool:
    return _is_imperative(clause) and not _NOUN_USE.match(clause)


def _is_imperative(said: str) -> bool:
    """Return whether `said` opens with an order: `Add …`, `Also, clarify …`, `If it fails, retry …`, `Adding … would help`."""
    start = _LEAD_IN.match(said).end()
    first = _FIRST.match(said, start)
    if not first:
        return False
    word = first[0].lower()
    if word in _VERBS or _ADVERB_VERB.match(said, start):
        return True
    if word in _CONDITIONS:
        return any(
            _first_word(said, _LEAD_IN.match(said, comma + 2).end()) in _VERBS
            for comma in _commas(said, start)
        )
    return word in _GERUNDS and bool(_HELPS.search(said, first.end(), start + 320))


def _first_word(said: str, at: int) -> str:
    found = _FIRST.match(said, at)
    return found[0].lower() if found else ""


def _commas(said: str, start: int) -> list[int]:
    """Return where the clause of a condition ends, and where a second condition after it does."""
    first = said.find(", ", start + 3, start + 200)
    if first < 0:
        return []
    second = said.find(", ", first + 2, first + 160) if _first_word(said, first + 2) in _CONDITIONS else -1
    return [first] if second < 0 else [first, second]


def _kind_by_cue(said: str) -> Kind:
    if _REFUSES.search(said, 0, 200):
        return Kind.TALK
    bare = _QUOTED.sub(" ", said) if _HAS_QUOTE.search(said) else said
    low = bare.lower()
    if any(clue in low for clue in _FINE_CLUES) and _FINE_ALREADY.search(low):
        return Kind.STATEMENT
    if " have" in low and _REGRET.search(low):
        if not _advises(_REGRET.sub(" ", low)):
            return Kind.SUGGESTION if _OWN_REGRET.search(low) else Kind.REGRET
        return Kind.SUGGESTION
    if _advises(low) and not _COMPLAINT.search(low):
        return Kind.SUGGESTION
    return Kind.SUGGESTION if _suggests_abroad(bare) else Kind.STATEMENT


def _advises(low: str) -> bool:
    """Return whether an English sentence in lower case gives advice: at each telling word, look what follows."""
    for word in _FIRST.finditer(low):
        follows = _ADVICE.get(word[0])
        if follows is not None and follows.match(low, word.end()):
            return True
    return False


def _suggests_abroad(said: str) -> bool:
    """Return whether a sentence in another language than English suggests something."""
    if _LATIN_IMPERATIVE.match(said) or any(
        _opens_latin_advice(word[0].lower()) and _LATIN.match(said, word.start()) for word in _FIRST.finditer(said)
    ):
        return True
    return not said.isascii() and bool(_OTHER_SCRIPTS.search(said) or _OTHER_IMPERATIVE.match(said))


@lru_cache(maxsize=8192)
def _opens_latin_advice(word: str) -> bool:
    return bool(_LATIN_FIRST.fullmatch(word))


def is_reason(sentence: str) -> bool:
    """Return whether `sentence` gives the reason of the one before it: `This will prevent …`, `Otherwise …`."""
    return bool(_REASON.match(sentence[:200].lstrip("*_ ")))


def names_cause(sentence: str) -> bool:
    """Return whether `sentence` says why something went wrong."""
    return bool(_CAUSE.search(sentence[:_LONGEST]))


def is_refusal(text: str) -> bool:
    """Return whether an answer opens by refusing or apologising for not answering."""
    return bool(_REFUSAL.search(text[:300]))


_SHORTEST = 4
_GREETING = 40
_FILLER = re.compile(r"(?:(?:sure|certainly|of course|absolutely|okay|ok|thanks|thank you|hello|hi|hey|alright|hmm|great|good start|yes|no|well|claro|por supuesto|bien sûr|gerne|natürlich|конечно|好的|当然|はい|もちろん|بالتأكيد|ज़रूर)\b[,.!:—–-]*\s*(?:so\s+)?)?", re.IGNORECASE)
_CLAUSE = re.compile(r"(?:[:;]|\s(?:->|→|=>|—|–|-))\s+")
_QUOTED = re.compile(r"\"[^\"\n]{0,600}\"|“[^“”\n]{0,600}”|«[^«»\n]{0,600}»|「[^「」\n]{0,600}」|`[^`\n]{0,600}`")
_LEAD_IN = re.compile(
    r"(?:(?:and|but|or|also|additionally|furthermore|moreover|then|next|first(?:ly)?|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|finally|lastly|last|"
    r"please|instead|alternatively|similarly|likewise|for (?:example|instance)|in addition|ideally|specifically|to start|in particular|"
    r"(?:more |most )?importantly|therefore|so|thus|again|(?:if|where|when) (?:possible|needed|necessary|in doubt)|optionally|at (?:a )?minimum|perhaps|maybe|simply|just|"
    r"explicitly|clearly|going forward|as a first step|on top of that|one more thing|above all|in short|overall|step \d+|\(?\d+[.)])[,:]?\s+){0,4}",
    re.IGNORECASE,
)
_VERBS = frozenset(
    """abstain acknowledge add address adjust adopt align allow always anchor answer append apply ask assume
    attach avoid ban be begin bound break bring build calculate cap change check cite clarify close combine
    compare compute condense confirm consider consolidate constrain consult convert correct count craft
    create cut declare decompose decrease dedicate deduplicate define delete delimit demand demonstrate
    describe determine develop direct disallow disambiguate discard discourage document double drop edit
    eliminate embed emphasise emphasize employ enable encourage end enforce enhance ensure enumerate
    escalate establish examine expand explain expose extend fence fix flag flip focus fold follow forbid
    force format frame gate get give go ground group guide handle have highlight hoist identify illustrate
    implement improve include incorporate increase inject insert insist instruct introduce invert invoke
    keep label lead leverage limit list log look lower maintain make mandate mark mention merge modify move
    name narrow never note nudge number offer omit open optimise optimize outline output pair parse permit
    pin place prefer prepend preserve prevent print prioritise prioritize prohibit provide put quote raise
    read rearrange reason record reduce refer reference refine reflect regroup remind remove rename reorder
    reorganise reorganize repeat rephrase replace reply report request require resolve respond restate
    restrict restructure retain return reuse review revise reword rewrite round say scope search separate
    set sharpen shift shorten show simplify soften specify split standardise standardize start state steer
    stop store strengthen stress strip structure substitute summarise summarize supply swap switch take
    teach tell test think tie tighten track translate treat trim try turn unify update use utilize validate
    verify warn wrap write""".split()
)
_ADVERB_VERB = re.compile(r"(?:do not|don['’]t|let['’]s|call out|spell out|point out|fall back|re-?(?:check|read|run|state)|(?:explicitly|clearly) \w+)\b", re.IGNORECASE)
_FIRST = re.compile(r"[^\W_]+")
_CONDITIONS = frozenset(
    """when if before after for to in on at once whenever wherever rather instead by under within unless until as with
    during since while because near between where""".split()
)
_GERUNDS = frozenset(
    """adding including using providing specifying requiring removing replacing moving splitting clarifying rewording
    simplifying defining stating utilizing utilising making reorganizing reorganising restructuring giving asking""".split()
)
_HELPS = re.compile(r"\b(?:would|will|could|can|helps?|might|may|is recommended)\b", re.IGNORECASE)
_NOUN_USE = re.compile(
    _LEAD_IN.pattern
    + r"[^\W_]+\s+(?:is|was|were|are|has|had|did|does|failed|of|results?\s+(?:were|was|are)|values?\s+(?:is|was)|cases?\s+(?:\d+\s+)?(?:fail|was|is|were)|(?:\w+\s+)?(?:failed|returned|timed out)\b)\b"
    r"|^let['’]s (?:look|see|analy|start|begin|go|think|break|examine)|^(?:note|notice) (?:that\b|how\b)(?!.{0,200}\b(?:should|must)\b)|^(?:have|be) (?:a )?(?:great|nice|good)\b|^(?:keep up|take care|get well|try again[.!]*$)",
    re.IGNORECASE,
)
_ADVICE = {
    word: re.compile(follows)
    for words, follows in (
        ("should shall must recommend recommended recommending recommendation suggestion suggested", r"\b"),
        ("ought", r" to\b"),
        ("needs need", r" (?:to|an?|more|some|clear\w*|explicit|better|stronger|concrete|further)\b"),
        ("has have", r" to\b"),
        ("could", r" (?:also |perhaps |then |probably )?(?:be|use|add|include|benefit|state|say|mention|explicitly|specify|provide|help|start|require|ask|tell|try|improve|reduce)\b"),
        ("can", r" be (?:\w+ )?(?:improved|fixed|addressed|made|reduced|simplified|strengthened|removed|shortened|clarified|avoided|rephrased|replaced|better)\b"),
        ("would", r" (?:also )?(?:be (?:better|useful|helpful|good|clearer|beneficial|best|wise|worth\w*)|benefit|help|recommend|suggest|add|change|remove|rewrite|rephrase|include|move|like to see|need)\b"),
        ("might may", r" (?:also )?(?:help|benefit|be (?:better|worth|useful|good))\b"),
        ("it", r"(?:['’]s| is|['’]d be| would be) (?:\w+ )?(?:important|better|best|recommended|advisable|essential|crucial|necessary|helpful|useful|worth)\b"),
        ("i", r"(?:['’]d| would)? (?:strongly |also )?(?:suggest|propose|advise)\b|['’]ll\b| (?:will|plan to|intend to|want to|am going to)\b"),
        ("we", r"(?:['’]d| would)? (?:strongly |also )?(?:suggest|propose|advise)\b| (?:can|could|may want|might want|need|should)\b"),
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
_REGRET = re.compile(r"\b(?:(?:should|could|ought to)(?:n['’]t| not| also| instead| at least| simply)* have\b|would have been better)(?: \w+){0,3}", re.IGNORECASE)
_OWN_REGRET = re.compile(r"\b(?:i|we)\b[^.]{0,40}\b(?:should|could|ought to)\b|^(?:additionally, )?instead\b", re.IGNORECASE)
_COMPLAINT = re.compile(
    r"\b(?:(?:does|do|did)(?: not|n['’]t)|never|fail(?:s|ed)? to|without|nothing (?:that )?|nowhere|neither|no (?:rule|instruction|guidance|indication|hint|mention))\s*(?:\w+\s+){0,5}"
    r"(?:say|says|saying|specif\w+|states?|stating|tells?|telling|told|define[sd]?|mention\w*|explain\w*|instruct\w*|clarif\w+|knows?|indicat\w+|understand\w*|realiz\w+|about)\b[^,;]{0,160}\b(?:should|must|shall|needs? to|has to|have to)\b"
    r"|\b(?:assumed|thought|believed|claimed|knew|guess\w*|unclear|unsure|ambiguous|confus\w+|question(?:s|ed)?|decid\w+|not (?:know|sure|clear)|unaware)\b[^.;]{0,80}\b(?:should|must|needs? to|has to|have to|shall)\b"
    r"|\b(?:says?|said|stat(?:es?|ed)|asks?|asked|tells?|told) (?:that )?(?:the|it|we|they|to|i)\b[^.;]{0,60}\b(?:should|must|has to|have to)\b",
    re.IGNORECASE,
)
_FINE_CLUES = ("already", "nothing ", "n't ", "n’t ", "not ", "no ", "looks ")
_FINE_ALREADY = re.compile(
    r"\b(?:(?:does|do)(?: not|n['’]t) (?:need|require) (?:any |further |more )|no (?:further )?(?:changes|improvements|edits|modifications|suggestions) (?:are |is )?(?:needed|necessary|required)|"
    r"nothing (?:needs|has|more) to|already (?:very |extremely |quite )?(?:clear|good|perfect|positive|complete|excellent)\b(?!.{0,200}\b(?:but|however)\b)|looks (?:fine|good) as)",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"(?:(?:please )?(?:try again|retry|wait|come back) (?:later|in)\b|best regards|kind regards|sincerely|great job|good job|well done|you['’]re welcome|job well done|"
    r"here(?:['’]s| is| are)|below (?:is|are|you)|let me know|let me (?:\w+ )?(?:analy|review|look|think|start|go|walk|break|examine)|feel free|i hope|hope (?:this|that|it)|(?:i['’](?:m|d)|i am|i would be)? ?(?:happy|glad) to|please (?:let me|provide (?:the|your|me|more)|share|send|paste|feel free)|"
    r"would you like|if you(?:['’]d| would) like|if you (?:want|need|have|share|provide|can share)\b|good luck|i(?:['’]ve| have) (?:reviewed|analy[sz]ed|looked|read|examined)|"
    r"i(?:['’]ll| will| am going to| can)(?: now| first| begin by| start by| be)* (?:analy|review|look(?:ing)? at|go through|examin|provide|help|walk|assess|summari|gladly|happily)|"
    r"let['’]s (?:look|see|analy|begin|break|examine|think|start)|the following (?:is|are)\b|good question|wait,|"
    r"aquí (?:está|tiene|van)|espero que|aqui (?:está|estão)|voici|n['’]hésitez|j['’]espère|hier (?:ist|sind)|lass(?:en sie)? (?:es )?mich|ich hoffe|вот |надеюсь|дайте знать|"
    r"以下是|希望|如果您|以下は|承知|إليك|آمل|यहाँ |आशा|다음은)",
    re.IGNORECASE,
)
_APPEAL = re.compile(r"(?:please )?(?:try|do it|do this|write it|go) (?:it )?again\b|keep going|you can do", re.IGNORECASE)
_POLITE_QUESTION = re.compile(r"(?:why not|how about|what about (?:adding|using)|could (?:you|we|the prompt)|can (?:you|we)|would it (?:help|be better)|should (?:we|the prompt))\b", re.IGNORECASE)
_EFFECT = re.compile(
    r"(?!(?:it|this|that)(?: \w+){0,2} (?:would|could|might) (?:also )?(?:benefit|help to|be (?:better|useful|helpful|good|best|worth)))(?:by (?:address|incorporat|implement|mak|do|follow|apply|adopt|tak|integrat)\w+ (?:these|this|those|the (?:above|suggested|proposed|following)|all|such)|with (?:these|this|those|the (?:above|suggested|proposed))\b|"
    r"(?:these|those|the (?:above|suggested|proposed|recommended)) (?:\w+ ){0,3}(?:should|will|would|can|could|may|might|aim|are expected|help)|(?:implementing|incorporating|applying|making|adopting|following|addressing|together,?) (?:these|this|those|they|the (?:above|suggested|proposed))\b|"
    r"(?:this|that|it|doing so|which|such an? \w+) (?:\w+ ){0,2}(?:will|would|should (?:help|improve|reduce|prevent|lead|ensure|make|result|eliminate|stop|increase|raise|fix|give|allow|lower|cut|keep|avoid|produce|bring)|can help|helps|ensures|reduces|improves|prevents|makes|allows)|"
    r"(?:i |we )?expect(?:ed)?\b|overall,? (?:these|this|the (?:changes|edits|result))|as a result,?|taken together|collectively|the (?:result|outcome|agent|model|success rate|accuracy|expected \w+) (?:should|will|would) (?:then |now |be able|improve|increase|rise|become|no longer|drop|stop|reliably|consistently)|accuracy (?:should|will|would)|"
    r"(?:con|com) (?:estos|estas|estas|esses|essas)|estos cambios|estas mudanças|essas mudanças|com essas|ces (?:changements|modifications)|avec ces|mit diesen|diese änderungen|dadurch|с этими|эти изменения|это позволит|通过这些|这些(?:修改|改动|改进)|这样|これにより|これらの(?:変更|改善)|ستؤدي هذه|هذه التغييرات|من شأن|इन (?:बदलावों|सुधारों|परिवर्तनों)|इससे|이러한|이를 통해)",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"(?:this|that|it|doing so|otherwise|because|since|without (?:it|this|that)|so that|the (?:agent|model|run|trajectory|log) (?:never|did|had|was|failed|tried|kept|guessed|assumed|called|used|confused|invented|asked)|in the (?:run|trajectory|failed)|"
    r"currently|right now|at present|the current|as it stands|esto|así|isso|assim|cela|ainsi|dies|das|dadurch|sonst|это|иначе|这|否则|これ|そうしないと|هذا|وإلا|इससे|यह|क्योंकि)",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(?:root cause|(?:main |underlying |core |real |primary |key )?(?:problem|issue|cause|reason|failure|culprit) (?:is|was|lies|stems|here)|because|due to|caused by|stem(?:s|med) from|failed (?:to|because)|fails to|i assumed|assum(?:ed|es) that|was not told|"
    r"does(?: not|n['’]t) (?:say|specify|state|tell|define|mention|explain)|nothing (?:in the prompt )?(?:says|tells)|stuck in a loop|forgot to|(?:the prompt|it) (?:lacks|omits)|porque|debido a|causa|weil|liegt daran|ursache|parce que|à cause|потому что|из-за|причин\w+)\b|因为|由于|原因|根本|ため|原因で|بسبب|لأن|क्योंकि|के कारण",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\bi(?:['’]m| am) (?:very |really |so )?(?:sorry|unable|not able|afraid)|\bi (?:can(?:not|['’]t| not)|won['’]t|am not able to) (?:\w+ )?(?:help|assist|provide|comply|do|analy|fulfil|create|generate|review|access|see|continue|offer|reflect)|\bas an ai\b|\bunable to (?:assist|help|comply|provide|process)|"
    r"lo siento|no puedo (?:ayudar|cumplir)|desculpe|não posso|je suis désolé|je ne peux pas|es tut mir leid|ich kann (?:dabei |ihnen )?nicht|извините|не могу помочь|к сожалению, я не|抱歉|对不起|无法(?:协助|帮助|提供)|申し訳|お手伝いできません|آسف|لا (?:يمكنني|أستطيع)|क्षमा करें|माफ़ कीजिए|मैं .{0,20}नहीं कर सकता|죄송",
    re.IGNORECASE,
)
_REFUSES = re.compile(r"\b(?:i(?:['’]m| am) (?:very |really |so )?(?:sorry|unable|not able|afraid)|i (?:can(?:not|['’]t| not)|won['’]t) (?:\w+ )?(?:help|assist|provide|comply|do|analy|access|see)|as an ai)\b", re.IGNORECASE)
_HAS_QUOTE = re.compile("[\"“«「`]")
_LATIN_FIRST = re.compile(
    r"deber[íi]an?|debe[ns]?|recom[ie]\w+|sug\w+|hay|conviene|habría|sería|es|la|en|dev\w+|é|seria|da|na|il|doi(?:t|vent)|recommand\w+|sollten?|müss\w+|muss|"
    r"empf\w+|schlage|wäre|nächstes|beim|ich|werde|dovrebbe(?:ro)?|bisogna|consiglio"
)
_LATIN = re.compile(
    r"\b(?:deber[íi]an?|debe[ns]?|recomiend\w+|recomendamos|sugier\w+|sugerimos|hay que|conviene|habría que|sería (?:mejor|útil|conveniente|bueno)|es (?:necesario|recomendable|importante|preciso)|la próxima vez|en el próximo|"
    r"deve(?:ria|m|riam)?|recomend[oa]\w*|sug(?:iro|ere)\w*|é (?:preciso|necessário|importante|recomendável)|seria (?:melhor|útil|bom)|da próxima vez|na próxima|"
    r"devrai(?:t|ent)|doi(?:t|vent)|devez|il (?:faut|faudrait|convient|serait)|recommand[eo]\w*|suggère\w*|la prochaine fois|"
    r"sollten?|müss(?:en|te|ten)|muss|empfehle\w*|empfiehlt|schlage|wäre (?:besser|hilfreich|sinnvoll|gut)|es ist (?:wichtig|nötig|notwendig|ratsam)|nächstes mal|beim nächsten|ich werde|werde ich|"
    r"dovrebbe(?:ro)?|bisogna|consiglio di)\b",
    re.IGNORECASE,
)
_FRAME = r"(?:[^,，、:\n]{2,80}[,，、:]\s*)?"
_LATIN_IMPERATIVE = re.compile(
    _FRAME + r"(?:(?:añad|agreg|incluy|inclúy|incluir|elimin|quit[ea]|cambi[ea]|reempla[cz]|sustituy|sustituir|aclar[ea]|especifi[cq]|defin[ae]|defin[ií]r|us[ea]r?\b|utili[cz]|evit[ea]|asegúr|mueva|mover|reestruct|reorgani[cz]|divid[aei]|proporcion|indiqu|indic[ae]|"
    r"establ|limit[ea]|verifi[cq]|pid[ae]|exij|exig[ei]|reescrib|simplifi[cq]|consider[ea]|prueb|incorpor|mencion|pon(?:ga|er|\b)|no (?:us|repit|asum|incluy)|"
    r"adicion|inclua|remov[ae]|substitu[aií]|mud[ea]|alter[ea]|esclare[çc]|especifiqu|certifi|garant|mova|reestrutur|reorgani[zs]|divid[ai]|forne[çc]|estabele[çc]|verifiqu|peça|reescrev|acrescent|insir|inserir|coloqu|não (?:us|repit|assum)|"
    r"ajout|inclu(?:re|ez|s)\b|supprim|retir(?:er|ez)|remplac|chang(?:er|ez)|modifi(?:er|ez)|clarifi|précis(?:er|ez)|défini(?:r|ssez)|utilis(?:er|ez)|évit|assur|déplac|restructur|réorgan|divis(?:er|ez)|fourni(?:r|ssez)|indiqu(?:er|ez)|vérifi|demand(?:er|ez)|exig(?:er|ez)|réécri|reformul|envisag|insér|mett(?:re|ez)|ne pas|"
    r"füge|fügen|ergänz|entfern|lösch|streich|ersetz|änder|präzisier|definier|verwend|nutz|vermeid|stell|verschieb|strukturier|gliede|teile|gib\b|geben|leg[et]|begrenz|prüf|überprüf|forder|verlang|formulier|vereinfach|nenn|beschreib|erklär|klär|nimm|weis[et]|setz|mach|schreib|bau|ordne|"
    r"aggiung|rimuov|sostitui|chiari|specific)\w*"
    r"|(?:[\wäöüß-]+\s+){1,12}(?:hinzufügen|ergänzen|entfernen|löschen|streichen|ersetzen|ändern|präzisieren|umstellen|verschieben|einfügen|aufnehmen|definieren|vorgeben|verlangen|begrenzen|klären|umstrukturieren|aufteilen|gliedern|formulieren|nennen|verwenden|vermeiden|prüfen|festlegen|angeben|beschreiben)\b)",
    re.IGNORECASE,
)
_OTHER_SCRIPTS = re.compile(
    r"\b(?:следует|нужно|необходимо|стоит|должн[аоы]|должен|рекоменду\w+|предлага\w+|в следующий раз|надо)\b"
    r"|应该|应当|建议|必须|需要|最好|务必|下次|不要|避免|确保|应(?=[在将把以对明先包提要给])|可以(?=添加|增加|加入|改)|べき|必要があ|してください|て(?:ください|下さい)|ましょう|お勧め|推奨|ようにする|ことを?(?:勧め|提案)|[たる]方が(?:よい|いい|良い)|次回"
    r"|(?:追加|削除|変更|修正|明示|移動|分割|再構成|指定|制限|確認|使用|記載|要求|定義|統合|明確化)(?:する|し、|し。|$|。)|(?:加え|含め|置き換え|並べ替え|書き換え|入れ|減ら|分け)(?:る|$|。)|明確にする"
    r"|يجب|ينبغي|من الأفضل|أوصي|أقترح|نوصي|نقترح|يُنصح|لا بد|في المرة القادمة|يُفضل|يفضل"
    r"|चाहिए|ज़रूरी है|जरूरी है|आवश्यक है|अगली बार|(?:करें|जोड़ें|जोड़ें|हटाएँ|हटाएं|बदलें|रखें|लिखें|बताएँ|बताएं|डालें|कीजिए|बनाएँ|बनाएं|दें|लें|माँगें|मांगें|कहें|बाँटें|बांटें)(?=\s*[।.!\"”]|$|\s+(?:और|ताकि|कि))"
    r"|해야|하세요|십시오|권장|필요합니다|(?:추가|삭제|제거|수정|변경|명시)(?:하|해|$)",
    re.IGNORECASE,
)
_OTHER_IMPERATIVE = re.compile(
    _FRAME + r"(?:(?:добав|включ|встав|удал|убер|убра|замен|измен|уточн|определ|использ|избег|убед|перенес|перенест|перестро|реструкт|раздел|укаж|указ|огранич|провер|потреб|перепи|упрост|рассмотр|опиш|привед|привест|сформул|сдела|объедин|запрет|не (?:использ|повтор))\w*"
    r"|(?:请|首先|其次|最后|然后|同时|另外)?[，,]?\s*(?:(?:在|将|把|对|为|给|向|让|用)[^。\n]{1,60}?)?(?:添加|增加|加入|补充|新增|删除|移除|去掉|修改|改为|替换|更改|改写|明确|调整|重组|重新|提供|使用|要求|限制|规定|列出|说明|指定|定义|强调|简化|拆分|合并|移到|移至|放在|加上|引入|设定|设置|禁止|让|检查|验证)"
    r"|و?(?:أضف|اضف|إضافة|أدرج|إدراج|احذف|حذف|إزالة|أزل|استبدل|استبدال|عدّل|عدل|تعديل|غيّر|تغيير|وضّح|وضح|توضيح|حدد|حدّد|تحديد|استخدم|استخدام|تجنب|تأكد|انقل|نقل|أعد|إعادة|قسّم|قسم|تقسيم|قدّم|تقديم|اذكر|اطلب|ألزم|اشترط|قلل|ضع|اجعل))",
    re.IGNORECASE,
)
