"""Failed doors: where the customer knocked before they wrote in public, how often, and how long they waited there.

A post is rewritten, step by step, into few signs, and the doors are read from those: ``#3`` three times or the third
time, ``=3`` a number, ``^3`` an ordinal, ``~3600`` a time span in seconds, ``act.phone`` an attempt of the customer,
``way.phone`` the way itself, ``hold.`` waiting on the line, ``-`` nobody answers and ``|`` the end of a sentence. Every
gap in a rule is counted in words and no word is longer than thirty characters, so that no post can make it slow.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from monitor.core.text import fold, for_model

MOST_TRIES = 99
"""Who says that they tried more often exaggerates, and the number is not shown."""

_LONGEST_WORD = 30
_LONGEST_WAIT = 365 * 86400

_Better = str | Callable[[re.Match[str]], str]


class Channel(StrEnum):
    """A way to reach us. ``message`` also stands for having written or complained without saying how."""

    E_MAIL = "e-mail"
    PHONE = "phone"
    CHAT = "chat"
    FORM = "form"
    STORE = "store"
    APP = "app"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Door:
    """A way that has failed. ``tries``, from two up, and ``wait`` are what the customer states, None where nothing."""

    channel: Channel
    tries: int | None = None
    wait: timedelta | None = None


def doors(text: str) -> tuple[Door, ...]:
    """The failed doors that a post tells of, one for each way, in the order of the post."""
    found: dict[Channel, Door] = {}
    for _, door in sorted(_read(_signs(text)), key=lambda placed: placed[0]):
        known = found.get(door.channel, door)
        tries = max(known.tries or 0, door.tries or 0) or None
        wait = max(known.wait or timedelta(), door.wait or timedelta()) or None
        found[door.channel] = Door(door.channel, tries, wait)
    return tuple(found.values())


def named(door: Door) -> str:
    """A door in words: ``e-mail ×3``, ``phone, 1 h on hold``."""
    tries = f" ×{door.tries}" if door.tries else ""
    if door.wait is None:
        return f"{door.channel}{tries}"
    is_on_hold = door.channel is Channel.PHONE and door.wait < timedelta(days=1)
    return f"{door.channel}{tries}, {_span(door.wait)} {'on hold' if is_on_hold else 'waiting'}"


@lru_cache(maxsize=64)
def plain(text: str) -> str:
    """A post as words in small letters, each between spaces, with commas and ``|`` at the end of a sentence.

    Words that only add heat are left out: what a customer says does not depend on how they say it.
    """
    seen = fold(for_model(text.replace("\n", " | "))).replace("’", "'").replace("1⁄2", ".5")
    for pattern, better in _SPELLINGS:
        seen = pattern.sub(better, seen)
    words = (word if len(word) <= _LONGEST_WORD else "…" for word in _WORD.findall(seen))
    return f" {' '.join(word for word in words if not _HEAT.fullmatch(word))} "


def _span(wait: timedelta) -> str:
    minutes = round(wait.total_seconds() / 60)
    if minutes < 60:
        return f"{minutes} min"
    if wait < timedelta(days=1):
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return "1 day" if wait.days == 1 else f"{wait.days} days"


def _signs(text: str) -> str:
    signs = " ".join(_NUMBERS.get(word, word) for word in plain(text).split())
    signs = _DIGITS.sub(r"=\1", f" {signs} ")
    for pattern, better in _STEPS:
        signs = pattern.sub(better, signs).replace("  ", " ")
    return signs


def _read(signs: str) -> Iterator[tuple[int, Door]]:
    """What each rule finds, with its place in the post. A rule that names no way is about the phone."""
    for rule in _RULES:
        for match in rule.finditer(signs):
            told = match.groupdict()
            tries, wait = int(told.get("tries") or 0), int(told.get("wait") or 0)
            yield (
                match.start(),
                Door(
                    Channel[(told.get("way") or "phone").upper()],
                    tries if 1 < tries <= MOST_TRIES else None,
                    timedelta(seconds=wait) if wait else None,
                ),
            )


def _seconds(match: re.Match[str]) -> str:
    """The sign of a time span such as ``an hour and a half``, ``=2.5 hours`` or ``=1 hour =20 minutes``."""
    amount, half, unit, half_after, more, small = match.groups()
    total = (float(amount or 1) + (0.5 if half or half_after else 0)) * _UNITS[unit]
    total += float(more) * _UNITS[small] if more else 0
    return f"~{round(total) if total <= _LONGEST_WAIT else 0}"


def _of(words: str) -> str:
    """One of these words."""
    return f"(?:{'|'.join(words.split())})"


def _gap(most: int, without: str = "") -> str:
    """Up to so many words of the same sentence, none of them an attempt or ``without``."""
    barred = "|".join(("act[.]", *(re.escape(word) + " " for word in without.split())))
    return rf"(?:(?!{barred})[^ |]+ ){{0,{most}}}?"


def _all(better: str, *patterns: str) -> Iterator[tuple[str, _Better]]:
    """The same for each of these patterns."""
    return ((pattern, better) for pattern in patterns)


def _rewriting(*pairs: tuple[str, _Better]) -> list[tuple[re.Pattern[str], _Better]]:
    """Rewriting rules: a pattern of whole words, and what stands there instead."""
    return [(re.compile(f"(?<= )(?:{pattern})(?= )"), better) for pattern, better in pairs]


_SPELLINGS = [
    (re.compile(pattern), better)
    for pattern, better in (
        (r"n't\b", "nt"),
        (r"\be[- ]?mail", "email"),
        (r"\bno[- ](one|body)\b", r"no\1"),
        (r"\bdm'?d\b", "dmed"),
        (r"\b\w{1,3}\*+\w*", " "),  # a swear word with stars
        ("×", " x "),
        ("&", " and "),
        (r"(\d) ?1/2\b", r"\1.5"),
        (r"(\d),(\d)(?!\d)", r"\1.\2"),
        (r"[!?;]|(?<!\d)\.(?!\w)", " | "),
    )
]
_WORD = re.compile(r"\d+(?:[.,]\d+)?|\.\d+|[^\W\d_]+|[|,]")
_HEAT = re.compile(
    "fuck(?:in|ing|en)?|fking|effing|(?:bull)?shit(?:ty)?|crap(?:py)?|(?:god)?dam(?:n|ned|mit)?|bloody|sodding|freakin?g?"
    "|friggi?ng?|flipping|bastards?|idiots?|morons?|wtf|ffs|omg|hell|arse|ass(?:hole)?s?|verdammte?[nrs]?|scheisse?"
    "|put[ao]|joder|mierda|putain|merde|bordel"
)
"""Words that only add heat."""

_NUMERALS = """
    =1 one ein eine einer einem einen un una une; =2 two couple zwei dos deux; =3 three drei tres trois
    =4 four vier cuatro quatre; =5 five funf cinco cinq; =6 six sechs seis; =7 seven sieben siete sept
    =8 eight acht ocho huit; =9 nine neun nueve neuf; =10 ten zehn diez dix; =11 eleven elf onze
    =12 twelve zwolf doce douze; =15 fifteen; =20 twenty zwanzig veinte vingt; =30 thirty dreissig treinta trente
    =40 forty fourty vierzig cuarenta quarante; =50 fifty; =60 sixty; =90 ninety
    #0 repeatedly mehrmals mehrfach; #1 once einmal; #2 twice zweimal; #3 thrice dreimal; #4 viermal; #5 funfmal
    ^2 second zweite zweiten segunda deuxieme; ^3 third dritte dritten tercera troisieme; ^6 sixth; ^7 seventh
    ^4 fourth vierte vierten cuarta quatrieme; ^5 fifth funften quinta cinquieme; ^10 tenth
"""
_NUMBERS = {word: row.split()[0] for row in re.split("[;\n]", _NUMERALS) for word in row.split()[1:]}
_DIGITS = re.compile(r"(?<= )(\d{1,4}(?:\.\d)?|\.5)(?= )")
_UNITS = {
    unit: seconds
    for seconds, units in {
        60: "minute minutes min mins minuten minuto minutos",
        3600: "hour hours hr hrs h std stunde stunden hora horas heure heures",
        86400: "day days tag tage tagen dia dias jour jours",
        7 * 86400: "week weeks wk wks woche wochen semana semanas semaine semaines",
        30 * 86400: "month months monat monate monaten mes meses mois",
    }.items()
    for unit in units.split()
}

_UNIT = _of(" ".join(_UNITS))
_TIMES = _of("times time x mal veces vez fois attempts tries occasions")
_VAGUE = _of(
    "several many multiple countless numerous few hundreds? thousand million dozens varias muchas plusieurs viele"
)
_REPLY = _of("repl(?:y|ies) answers? responses? callback antwort ruckmeldung reaktion respuesta reponse")
_ANSWERS = _of(
    "answer(?:s|ed|ing)? repl(?:y|ies|ied|ying) respond(?:s|ed|ing)? reacts? reacted reads? picks? picked picking"
    " returns? returned returning acknowledged antworte[nt]t? geantwortet reagiert beantwortet erreichbar ran dran"
    " abnimmt contesta[ns]? contestado contesto responden? respondio respondido cogen? atienden? repond(?:ent|ez|u|s)?"
    " decroche decrochent"
)
_NOBODY = _of(
    "nobody noone none never not dont doesnt didnt wont hasnt havent isnt arent without refuses? stopped"
    " niemand keiner nie nicht nadie nunca no personne jamais ne"
)
_NOT_YET = _of("never nobody noone didnt hasnt havent not wont nothing")
_CANNOT = _of("cant cannot couldnt unable impossible no niemanden keinen imposible")
_REACH = _of("reach hold contact speak talk erreichen erreicht contactar joindre")
_WAIT = _of("wait waiting waited esperando espero warte wartet attends attendons")
_SENT = _of("sent send sending wrote written write writing geschrieben geschickt schreibe escrito enviado ecrit envoye")
_WENT = _of("been went gone going visit visited visiting drove war waren fui ido alle alles retourne")
_OPENED = _of("opened raised logged filed submitted created eroffnet abierto ouvert")
_BY = _of("by via per through over on using with in por par uber mit im am en")
_SINCE = _of("for since wait waiting waits waited queue queu?ed held seit warte gewartet desde durante depuis pendant")
_MY = _of("my our is s mein meine mi mon ma")
_I = _of("i we ich wir he hemos que j je nous on")
_YOU = _of("you u they he she it someone somebody staff company bank who sales driver")
_ARE = _of("ve have has had are re were keeps? kept just still always")
_AND = ", and but or then until because about und aber y pero et mais"
_THINGS = _of(
    "orders? account payment shipment package parcel delivery reservation booking card funds money project refund claim"
    " flight plans? transfer subscription life everything pedido commande colis"
)
_ACT = _of("(?:email|mail|call|phone|text|message|contact|chat)(?:s|ed|ing)? dm write wrote send ring rang")
_NOUN = _of("emails? mails? messages? calls? texts? sms letters?")

_HAD = _of("had got gotten get received?")
_IS = _of("is s was has have been be are were still stuck put placed now kept esta sigue")
_WILL = _of("will ll gonna shall should could can may might would please pls plz lets? dont not if[ ]you going[ ]to")
_WISH = _of("want like need happy free")
_LINE = _of("lines? queue number calls?")
_CALLED = _of(
    "called calling phoned phoning rang rung ringing diall?ed angerufen telefoniert llamado llamando llame appele"
)
_WROTE = _of(
    "wrote written writing write messaged messaging texted texting dmed contacted contacting complained tweeted"
    " geschrieben schreibe schrieb kontaktiert angeschrieben escrito escribo escribi contactado ecrit ecris contacte"
)

_STEPS = _rewriting(
    # how often and how long
    (rf"(?:=|\^)(\d+) (?:(?:st|nd|rd|th|eme|e) )?(?:of )?(?:[a-z]+ )?{_TIMES}|x =(\d+)", lambda m: f"#{m[1] or m[2]}"),
    (rf"{_VAGUE} (?:of )?{_TIMES}|again and again|over and over|time and again", "#0"),
    (r"=(\d+) (?:st|nd|rd|th|eme)", r"^\1"),
    (r"half (?:an? |=1 )?hour|(?:=1 )?halbe stunde|media hora|(?:=1 )?demi heure", "~1800"),
    (rf"(?:=([\d.]+)|an?) (?:of )?(and a half )?({_UNIT})( and a half)?(?: (?:and )?=(\d+) ({_UNIT}))?", _seconds),
    (r"(?:vor|hace|il y a) ~(\d+)|~(\d+) (?:ago|back)", r"ago ~\1\2"),
    # nobody answers
    *_all(
        "-",
        rf"{_NOBODY} (?:[a-z]+ ){{0,3}}?{_ANSWERS}(?: up)?",
        rf"(?:no|zero|without|keine|sin|ninguna|sans|aucune|pas de) (?:[a-z]+ ){{0,2}}?{_REPLY}",
        rf"(?:{_NOT_YET}|yet to) (?:[a-z]+ )?{_HAD} (?:[a-z]+ ){{0,2}}?{_REPLY}",
        rf"{_NOT_YET} (?:[a-z]+ ){{0,2}}?(?:heard?|wrote|written|{_HAD}|come|came) (?:anything |me |us )?back",
        rf"{_CANNOT} (?:[a-z]+ ){{0,3}}?{_REACH}",
        r"(?:niemand|keiner) (?:[a-z]+ ){0,2}?(?:ans|an das|rangeht)",
        r"(?:geht|hebt|nimmt) (?:[a-z]+ )?(?:niemand|keiner)",
        r"heard nothing|radio silence|crickets|unanswered|ignored|unbeantwortet|injoignables?",
    ),
    (rf"{_WAIT} (?:(~\d+) )?(?:for |on |auf )?(?:(~\d+) )?(?:for |on )?(?:[a-z=1]+ )?{_REPLY}(?: for)?", r"- \1\2"),
    *_all(
        "way.phone -",
        rf"{_NOT_YET} (?:[a-z]+ ){{0,2}}?(?:called?|calls|rang|ring) (?:me |us )?back",
        r"(?:get|getting|got) through to (?:you|any|anyone|anybody|someone|support|customer|a)",
        r"(?:hung|hangs|hang|hanging) up on (?:me|us)|busy signal",
    ),
    # what only looks like a door
    *_all(
        "|",
        rf"{_THINGS} (?:{_IS} ){{1,4}}on hold",
        r"(?:put|puts|putting|place|keep|kept) (?:my|the|our|your|this|that|it|everything) (?:[a-z]+ ){0,3}?on hold",
        rf"(?:{_WILL}|{_WISH} to) (?:[a-z]+ )?{_ACT}",
        rf"{_YOU} (?:{_ARE} ){{0,2}}{_ACT}",
        rf"{_ACT} (?:me|us|mich|uns)",
        rf"(?:was|were|been|being|got|get|is|are|s|so) (?:{_ACT}|written)",
        rf"(?:gets?|got|getting|receiv(?:e|es|ed|ing)|bekomme|recibo|recois) (?:[a-z=\d]+ ){{0,3}}?{_NOUN}",
        rf"(?:sent|sends?|sending) (?:me|us) (?:[a-z=\d]+ ){{0,3}}?{_NOUN}",
        rf"{_YOU} (?:{_ARE} )?(?:sent|sends?) (?:[a-z=\d]+ )?{_NOUN}",
        rf"(?:error|warning|automated|confirmation|marketing|missed|dropped|spam|scam) {_NOUN}",
        r"(?:app|play) store",
        r"(?:email|store|phone|chat|shop) (?:newsletter|address|list|marketing|credit|manager|case|plan|app|bill)",
    ),
    # where, as a way or an attempt
    (
        r"(?:contact|web|online|complaints?|feedback|care) forms?|kontaktformular|formular|formulario|formulaire",
        "way.form",
    ),
    (rf"{_OPENED} ((?:[^ |]+ ){{0,2}}?)(?:tickets?|cases?)", r"sent \1way.form"),
    (r"(?:in )?app (?:chat|support|help|messages?|messaging)", "way.app"),
    (r"(?:in|via|by|using|through|over) (?:the |your |ur )?app", "by by.app"),
    (r"(?:live ?)?chat|chatbot|webchat|tchat", "way.chat"),
    (r"emails?|mails?|inbox|correos?|courriels?", "way.e_mail"),
    (rf"(?:phone|support|service|help|customer) {_LINE}|hotline|helpline|voicemail", "way.phone"),
    (r"(by|via|over|on|per|ans|answer|answers|up|-) (?:the |your |their |ur )?(?:phones?|telefon)", r"\1 way.phone"),
    (r"phones|phonecalls?|calls?|telefonisch|anrufe?|telefono|telephone|llamadas?|appels?", "way.phone"),
    (r"dms?|messages?|msgs?|whatsapp|sms|letters?|nachricht(?:en)?|mensajes?", "way.message"),
    (r"store|shop|branch|filiale|laden|geschaft|tienda|sucursal|magasin|boutique|agence", "by.store"),
    (rf"{_WENT} ((?:[^ |]+ ){{0,3}}?)by[.]store", r"act.store \1"),
    (r"emailed|emailing|mailed|mailing|gemailt", "act.e_mail"),
    (rf"{_CALLED}|(?:tried|trying|had|forced) to (?:phone|ring|way[.]phone)", "act.phone"),
    (r"chatted|chatting|gechattet|chateado", "act.chat"),
    (rf"{_SENT} ((?:(?!=[2-9])[^ |]+ ){{0,4}}?)way[.](\w+)", r"act.\2 \1"),
    (r"way[.](\w+) ((?:[^ |]+ ){0,2}?)(?:geschrieben|geschickt|enviado|sent)", r"\2 act.\1"),
    (rf"{_WROTE}|contact (?:you|u|support|customer|them)|reached out|reaching out", "act.message"),
    (rf"act[.]message ((?:[^ |]+ ){{0,5}}?{_BY}) (?:(?:the|your|a|den|el|le) )?(?:way|by)[.](\w+)", r"act.\2 \1"),
    (r"(?:on|of|phone) hold|onhold|hold times?|(?:been|still|m|am|was) holding|warteschleife", "hold."),
)

_ACTED, _WAY, _EITHER = (rf"{what}[.](?P<way>\w+)" for what in ("act", "way", "(?:act|way)"))
_TRIES, _NUMBER, _WAITED = r"#(?P<tries>(?!1 )\d+)", r"=(?P<tries>\d+)", r"~(?P<wait>\d+)"
_BEFORE = _of(f"{_SENT} after despite made left placed {_MY}")
_AFTER = _of("- no still later without nothing keine ohne sin sans")
_SHUT = _of("busy engaged dead disconnected unavailable offline broken besetzt")
_LIVE = r"(?P<way>phone|chat|app)"
_RULES = [
    re.compile(f"(?<= )(?:{rule})(?= )")
    for rule in (
        rf"{_ACTED} {_gap(5)}{_TRIES}",
        rf"{_TRIES} (?:{_gap(3, _AND)}{_I} {_gap(4, _AND)})?{_ACTED}",
        rf"{_TRIES} {_gap(3, _AND)}{_I} {_gap(2, _AND)}{_WAY}",
        rf"{_BEFORE} {_gap(3, _AND)}{_NUMBER} {_gap(2, _AND)}{_WAY}",
        rf"{_NUMBER} {_gap(2, _AND)}{_WAY} {_gap(2)}{_AFTER}",
        rf"{_NUMBER} {_gap(2, _AND)}{_ACTED}",
        rf"{_MY} (?:[a-z]+ )?\^(?P<tries>\d+) {_gap(1)}{_EITHER}",
        rf"(?:filled|completed|used|tried) {_gap(4)}{_WAY} {_gap(4)}{_TRIES}",
        rf"hold[.](?: {_gap(8, 'hold. in')}{_WAITED})?",
        rf"{_WAITED} {_gap(4)}hold[.]",
        rf"{_ACTED} {_gap(5, _AND)}{_SINCE} {_gap(3, _AND)}{_WAITED}",
        rf"way[.]{_LIVE} {_gap(5, _AND)}{_SINCE} {_gap(3, _AND)}{_WAITED}",
        rf"{_WAITED} {_gap(2)}(?:on|in|with|at|im|en|au|sur|waiting|to) {_gap(2)}way[.]{_LIVE}",
        rf"{_ACTED} {_gap(4, _AND)}ago {_WAITED}",
        rf"ago {_WAITED} {_gap(4, _AND)}{_ACTED}",
        rf"{_ACTED} {_gap(8)}(?:[|] (?:(?:still|and|but|yet) )?)?-(?: {_gap(3)}{_WAITED})?",
        rf"{_WAY} {_gap(5)}(?:[|] )?-(?: {_gap(3)}{_WAITED})?",
        rf"- {_gap(5)}{_EITHER}(?: {_gap(3)}{_WAITED})?",
        rf"way[.](?P<way>phone|chat|form) (?:[a-z]+ ){{0,3}}?{_SHUT}",
    )
]
