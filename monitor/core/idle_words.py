"""Words of four letters and more that say nothing of what a text is about; shorter words are idle in any case,
but for Chinese, where a word is taken to be two signs.

Written by us, without accents, for the languages whose causes are named. What is idle in one language and says
something in another is left out.
"""

from monitor.core.text import fold

_ENGLISH = """
    about after again also another anyone back because been before being can't could didn't does doesn't doing don't
    done during each else even ever every everyone find from getting give gives going gonna good great guys have haven't
    having help here i'll i've into isn't it's just keep know last like literally made make many maybe more most much
    must need never next nothing only other over people please really right said same seem seriously should shouldn't
    since some someone something soon still such sure take tell than thank thanks that that's their them then there
    there's these they they're thing things think this those though through time times today told tomorrow tonight
    trying under until used very want wasn't well were what what's when where which while who's will with without won't
    would wouldn't year years yesterday you're you've your yours yourself
"""

_GERMAN = """
    aber alle allem allen aller alles also andere anderen auch bald beim bereits bisher bitte dabei dafur damit danach
    danke dann darauf daruber dass dein deine denn dessen diese diesem diesen dieser dieses doch dort durch eben
    eigentlich eine einem einen einer eines einfach einmal endlich etwas euch euer eure eurem euren eurer fast ganz
    gerade gestern gibt habe haben habt hatte hatten heute hier hinter ihnen ihre ihrem ihren ihrer immer irgendwie jede
    jedem jeden jeder jedes jemand jetzt kann kein keine keinen keiner kommt konnen konnte lasst leider letzte letzten
    machen macht manchmal mehr mein meine meinem meinen meiner mich muss mussen nach nachdem nein nicht nichts noch
    nochmal oder ohne schon sehr seid sein seine seinem seinen seit selbst sich sind soll sollen sollte sondern sonst
    trotz uber uberhaupt unser unsere unter viel viele vielen vielleicht wann waren warum weil weiter welche wenn werde
    werden wieder wieso will wird wirklich wollen wurde wurden zwar
"""

_SPANISH = """
    ademas ahora algo alguien algun alguna ante antes aqui aunque ayer bien buenas buenos cada como cual cuando cuanto
    dado decir dejar desde despues dice dicen donde durante ella ellos entonces eran esas esos esta estaba estado
    estamos estan estar estas este esto estos estoy favor fuera fueron gente gracias haber habia hace hacen hacer hacia
    hasta hola incluso jamas llevo luego manera mejor menos mientras misma mismo mucha mucho muchos nada nadie nuestro
    nunca otra otras otro otros para parece pero poco podeis poder porque puede pueden puedo pues quien quiere quiero
    segun seis sera sido siempre siendo sigo sigue siguen sobre solo somos tampoco tanto tener tengo tiene tienen toda
    todas todavia todo todos tras unas unos usted ustedes vamos veces verdad vosotros vuestra vuestro
"""

_FRENCH = """
    ainsi alors apres assez aucun aucune aussi autre autres avais avait avant avec avez avoir avons beaucoup bien
    bonjour bonsoir ceci cela celle celui cette ceux chaque chez combien comme comment dans deja depuis dernier derniere
    dire disent donc dont elle elles encore enfin ensuite entre etaient etait etes etre faire fait faites fois font hier
    jamais jour jours juste leur leurs lors mais malgre meme memes merci mieux moins notre nous nouveau parce parfois
    pendant personne petit peut peuvent peux plus plusieurs pour pourquoi pourtant pouvez presque puis quand quel quelle
    quelqu'un quelque quelques quoi rien sans selon sera seul seule seulement soit sommes sont sous suis surtout
    tellement temps toujours tous tout toute toutes tres trop voila votre vous vraiment
"""

_ITALIAN = """
    abbiamo adesso alla alle allo allora altra altre altri altro anche ancora anni appena avere avete bene buongiorno
    c'era ciao circa come cosa cosi dagli dalla dalle degli dell della delle dello dentro dice dicono dopo dove dovete
    dunque ecco ella erano essere fatto fino fuori gente giorni giorno grazie hanno ieri infatti invece meno mentre mesi
    mezzo miei molto nella nelle nessun nessuna nessuno niente nostra nostro oggi ogni oltre oppure ormai ovviamente
    perche pero poco possibile posso prima primo proprio puoi qualche qualcosa qualcuno quale quali quando quanto quasi
    quella quelle quelli quello questa queste questi questo quindi sempre senza siamo siete solito solo sono sopra sotto
    stanno stare stata stati stato stessa stesso subito sugli sulla sulle tanto tutta tutte tutti tutto vedere veramente
    vero verso voglio volta volte vorrei vostra vostro
"""

_PORTUGUESE = """
    agora ainda alem algo alguem algum alguma ante antes aonde apenas apos aqui assim cada coisa como contra dela dele
    demais dentro depois desde dessa desse desta deste dias disse dizem dizer dois durante elas eles embora entao entre
    eram essa essas esse esses esta estao estar estas estava este estes estou fala falam favor fazem fazer ficar foram
    hoje isso isto jamais mais meio melhor mesma mesmo meus minha minhas muita muito muitos nada nela nele nenhum
    nenhuma nessa nesse nesta neste ninguem nossa nosso nunca obrigada obrigado onde ontem outra outras outro outros
    para parece pela pelas pelo pelos pessoa pessoas pode podem poder pois porque pouco qual qualquer quando quanto quem
    quer quero segundo sempre sendo sera seus sido simplesmente sobre somente suas tambem tanto tempo tenho teve toda
    todas todo todos tudo varias varios vejo vezes voce voces
"""

_RUSSIAN = """
    более больше будет будто будут была были было быть вами ваша ваше вашего ваши всегда всего всем всех вчера говорит
    говорят даже делать день доброго добрый других другой если есть зачем здесь здравствуйте именно иначе какая какие
    какого какой когда конечно которая которого которое которой которые который кроме кстати куда лучше люди меня могу
    может можете можно надо назад наконец например нашей него некоторые нельзя нету никак никакой никогда никто ничего
    нужно один одна однако опять очень пожалуйста пока помогите после потом потому почему почти просто прошу раза разве
    сами самый сегодня сейчас сказали сколько снова совсем спасибо столько такая также такие такое такой теперь тогда
    того тоже только точно хоть хотя хочу чего человек через чтобы этим этих этого этой этом этот
"""

_TURKISH = """
    acaba ancak artik asla aslinda ayni bana baska bazi belki beni benim beri bile biraz biri birkac birsey bizim boyle
    bugun bunlar bunu bunun buraya cunku daha dahi dedi defa degil demek diger diye diyor diyorlar dolayi eger etmek
    ettim fakat falan gerek gibi gore gunde gundur hala halde hangi hatta hemen henuz hepsi herhangi herkes hicbir icin
    icinde ilgili iste kadar karsi kendi kere kesinlikle kimse lazim lutfen merhaba nasil neden nedeni niye olan olarak
    oldu oldugu oldum olmak olmasi olmayan olsun olur onlar onun ornek oyle ragmen rica sadece sanki seklinde selam
    simdi sizin sonra soyle suan surekli tabi tamam tarafindan tekrar tesekkur tesekkurler uzere uzerinden vardi vermek
    veya yada yani yapan yapmak yapti yaptim yerine yine zaman zaten
"""

_CHINESE = """
    一下 一个 一次 一点 一直 不会 不好 不是 不能 不要 东西 个人 之前 也不 也是 也没 了一 了我
    什么 今天 他们 以后 但是 你们 可以 因为 大家 太差 如果 就是 已经 希望 应该 怎么 总是 感觉
    我们 我的 所以 时候 昨天 是不 有人 有点 果然 没有 然后 特别 现在 的人 的时 的是 直接 真的
    知道 竟然 第一 结果 给我 而且 自己 还不 还是 还有 还没 这个 这么 这样 那个 那么 都不 都是
    都没 非常
"""

IDLE = frozenset(
    fold(word)
    for words in (_ENGLISH, _GERMAN, _SPANISH, _FRENCH, _ITALIAN, _PORTUGUESE, _RUSSIAN, _TURKISH, _CHINESE)
    for word in words.split()
)
