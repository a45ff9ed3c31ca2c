"""The regular expressions of `inline_shapes`, and the hints that select the texts to search."""

from __future__ import annotations

import re
from typing import Final

#: Every text that one of the shapes changes has a match of HINTS or HINTS_IN_BRACKETS.
HINTS: Final = (
    r"(?:[Cc]lick|CLICK|TAP|[Tt]ap) (?:here|HERE) |Sign up|Subscribe|Register|Cli[qc]|aqu[ií] |qui per|Kli[ck]|hier, "
    r"|Нажм|Подпиш"
    r"| MORE|layback is |Image c|Media c|Image s|function ?[\w$]* ?\(|continues (?:below|after)|CONTINUES BELOW"
    r"|[.!?”\"’)] Continue reading"
)
_RELATED_HINT: Final = (
    r"[(\[（【［](?:R[eE]|S[eE]|A[lL]|W[aA]|M[oO]|Le|Me|Li|À |Lu|Ve|Vé|Cz|Чи|Lä|İl|延|相|関|관|더)"
)
HINTS_IN_BRACKETS: Final = (
    r"\[/?embed|\[/?pull|\[/?audio|\[/?caption|\[/?gallery|\[/?video|\[/?playlist|\[/?youtube|\[/?tweet"
    rf"|{_RELATED_HINT}"
)
#: A text with a match of HINTS has one of these literals, which are fast to search for,
HINT_LITERALS: Final = (
    "lick here |lick HERE |LICK here |LICK HERE |ap here |ap HERE |TAP |Sign up|Subscribe|Register|Cliq|Clic|aqui "
    "|aquí |qui per|Klic|Klik|hier, |Нажм|Подпиш| MORE|layback is |Image c|Media c|Image s|function|continues below"
    "|continues after|CONTINUES BELOW|Continue reading"
)
#: and one with a match of HINTS_IN_BRACKETS has one of these brackets.
HINT_BRACKETS: Final = r"[(\[（【［]"

#: The longest span that a pattern may cover, in characters.
MAX_SPAN: Final = 1500

_NAME: Final = r"[^\W\d_][\w’'-]+"
_PARTICLES: Final = "de|da|del|der|di|dos|la|le|van|von|bin|al|el"
_MIDDLE: Final = rf"(?:(?:[^\W\d_a-z][\w.,()“”\"’'-]*|[(“\"‘'][\w.,()“”\"’'-]*|{_PARTICLES}) )"
#: The end of the teasers after a name.
MORE: Final = re.compile(r" MORE\b")
#: "Jane Doe Jane Roe DoeHeadline one | Headline two MORE": a full name with a headline glued to it, up to MORE
GLUED: Final = re.compile(
    rf"(?<![\w’'-])({_NAME})(,? (?:Jr|Sr)\.)? {_MIDDLE}{{1,6}}?\1(?:\2)?"
    r"(?=[^\s\w.,;:!?)’'-]|['’]?[^\W_a-z]|[a-z]*[A-Z])"
    rf".{{0,{MAX_SPAN}}}? MORE\b"
)
#: "Jane Doe Jane Roe Doe Headline one MORE": both first and last name are repeated
APART: Final = re.compile(
    rf"(?<![\w’'-])(({_NAME}) ({_NAME})) \2 {_MIDDLE}{{0,3}}?\3 (?=[A-Z0-9'‘“\"]).{{0,{MAX_SPAN}}}? MORE\b"
)

PLAYER: Final = re.compile(
    r"(?:Media playback is (?:un|not )?supported on (?:your|this) device ?)"
    r"(?:Media caption ?)?|^Image (?:copyright|source) [^.!?]{2,60}? Image caption |^(?:Image|Media) caption (?=\S)"
)

_NESTED: Final = r"[^()\[\]]*(?:[(\[][^()\[\]]*[)\]][^()\[\]]*)*"
RELATED_BEGINS: Final = re.compile(_RELATED_HINT)
RELATED: Final = re.compile(
    r"(?:\((?=.{5,300}\))|\[(?=.{5,300}\]))"
    r"(?:RELATED(?: (?:STORY|ARTICLE|NEWS|VIDEO|LINK|COVERAGE))?"
    r"|Related(?: (?:story|article|news|video|link|coverage))?"
    r"|READ(?: (?:MORE|ALSO|NEXT))?|Read(?: (?:more|also|next))|SEE ALSO|ALSO (?:READ|SEE)|Also (?:read|see)|WATCH|MORE"
    r"|Lesen Sie (?:auch|mehr|hier)|Mehr zum Thema|LIRE AUSSI|Lire (?:aussi|également)|À lire (?:aussi|également)"
    r"|Le[ae] (?:también|más)|LEA TAMBIÉN|Te puede interesar|Lei[ae] (?:também|mais)|LEIA (?:TAMBÉM|MAIS)"
    r"|Ve[jd]a também"
    r"|Leggi anche|LEGGI ANCHE|Lees ook|LEES OOK|Czytaj (?:też|także|również)|CZYTAJ (?:TEŻ|TAKŻE)|Читайте также"
    r"|ЧИТАЙТЕ ТАКЖЕ|Läs (?:också|även|mer)|Lue (?:myös|lisää)|İlgili haber|Ayrıca okuyun)"
    rf" ?: ?\S{_NESTED}[)\]]"
    r"|[（【［](?:延伸閱讀|延伸阅读|相關(?:報道|報導|新聞|文章)|相关(?:报道|新闻|文章)|関連記事|関連ニュース"
    r"|관련 ?기사)[:：]"
    r"[^（）【】［］]{2,200}[）】］]"
)

AD: Final = re.compile(
    r"(?:(?:ADVERTISEMENT|Advertisement) ?[-–—:]? ?)?"
    r"(?:\b(?:Story|Article|Post|Text|Content) continues (?:below|after) (?:this |the )?"
    r"(?:advertisement|ad|video|gallery)\b"
    r"|\bSTORY CONTINUES BELOW(?: (?:THIS )?(?:ADVERTISEMENT|AD|VIDEO|GALLERY))?\b"
    r"|(?<=[.!?”\"’)] )(?:Story|Article) continues below\b(?! [a-z])"
    r"|(?<=[.!?”\"’)] )Continue reading the main story\b)\.?"
    r"(?: ?(?:ADVERTISEMENT|Advertisement)\b)?"
)

#: "Click here to subscribe." as the last sentence
PLEA: Final = re.compile(
    r"(?<=[.!?…”\"’)] )(?:"
    r"(?:Click|CLICK|Tap|TAP) (?:here|HERE) (?:to|TO|for|FOR) "
    r"(?i:subscribe|sign|read|see|watch|view|more|get|join|download|register|learn|our|the latest|the full|a free)\b"
    r"|(?:Sign up|Subscribe|Register) (?:here |now |today )?(?:for|to) (?:our|the|my|his|her|their)\b[^.!?]{0,60}?"
    r"\b(?:newsletters?|mailing list|podcast|channel|magazine)\b"
    r"|(?:Clique|Clica) aqui (?:para|e)\b|(?:Haz|Haga|Pincha|Pinche) (?:clic )?aquí (?:para|y)\b"
    r"|Cliquez ici (?:pour|et)\b"
    r"|Klicken Sie hier,? (?:um|für)\b|Hier klicken,? um\b|Klik hier (?:om|voor)\b|Clicca qui per\b|Klicka här för\b"
    r"|Klikkaa tästä\b|Kliknij tutaj,? (?:aby|żeby)\b|Нажмите здесь,? чтобы\b|Подпишитесь на (?:наш|нашу|наши)\b"
    r")[^.!?]{0,100}[.!]?$"
)
#: The beginning of such a sentence, with the end of the sentence before it.
PLEA_BEGINS: Final = re.compile(
    r"[.!?…”\"’)] (?:[CK]li|CLICK|T[aA][pP] |Sign up|Subscribe|Register|Ha[zg]|Pinch|Hier |Нажмите|Подпишитесь)"
)

SHORTCODE: Final = re.compile(
    r"\[/?(?:pullquote|embedtweet|embed|audio-clip|youtube)(?: [^\[\]]{1,300})?/?\]"
    r"|\[(?:caption|gallery|video|audio|playlist|tweet)(?: [a-z_]+=[^\[\]]{1,300})/?\]"
    r"|\[/(?:caption|gallery|video|audio|playlist|tweet)\]"
)

#: Names that are frequent in the scripts of web pages and rare in articles about programming.
PAGE_SCRIPT: Final = re.compile(
    r"googletag|dataLayer|\bgtag\(|\bfbq\(|_gaq\b|document\.write|createElement|getElementsByTagName|getElementById|taboola"
    r"|outbrain|adsbygoogle|window\._|jQuery\(|\$\(document\)|addEventListener|OneSignal|disqus|twttr|FB\.init|instgrm"
    r"|readyState|setTimeout|insertBefore|innerHTML"
)
SCRIPT: Final = re.compile(r"(?:;|!|\+|\()? ?\(?\bfunction ?[\w$]* ?\([\w$, ]{0,80}\) ?\{")
CALLED: Final = re.compile(r"[\w$.]{2,60}\($")
OPENING: Final = {"(": ")", "{": "}", "[": "]"}
