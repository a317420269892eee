"""The words of the demo catalogue's invented names, by language and by genre.

A name is a head and a tail that fit together in any combination: `Le Jardinier`, `sans fenêtres`. Each phrase is listed
with its English form, separated by `|`, and a Japanese phrase with its romanised form as well.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Phrase(NamedTuple):
    """A head or a tail in its own language, in English, and romanised if its script needs that."""

    original: str
    english: str
    romanised: str = ""


def phrases(text: str) -> tuple[Phrase, ...]:
    """Return the phrases of a list separated by semicolons."""
    return tuple(Phrase(*phrase.strip().split("|")) for phrase in text.split(";"))


def words(text: str) -> tuple[str, ...]:
    """Return the entries of a list separated by semicolons."""
    return tuple(word.strip() for word in text.split(";"))


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language with its countries and its words; in some languages the tail comes first."""

    countries: tuple[str, ...]
    heads: str
    tails: str
    is_tail_first: bool = False
    gap: str = " "


TONGUES = {
    "fr": Tongue(
        ("FR", "BE", "CA"),
        "Le Jardinier|The Gardener; La Gare|The Station; Les Horloges|The Clocks; "
        "L'Escalier|The Staircase; Le Facteur|The Postman; La Traversée|The Crossing; "
        "Les Voisins|The Neighbours; Le Carnet|The Notebook; Une valise|A Suitcase; "
        "Les Orages|The Storms; Le Sifflet|The Whistle; La Verrière|The Glass Roof",
        "de novembre|of November; sans fenêtres|Without Windows; d'en bas|from Below; "
        "de la rue Solenne|of Rue Solenne; sous la neige|Under the Snow; à l'envers|in Reverse; "
        "des absents|of the Absent; du mercredi|of Wednesday; "
        "au bord du sel|at the Edge of Salt; qu'on oublie|People Forget; "
        "de Châtelmont|of Châtelmont; pour Élodie|for Élodie",
    ),
    "es": Tongue(
        ("ES", "MX", "AR"),
        "El Jardinero|The Gardener; La Escalera|The Staircase; Los Relojes|The Clocks; "
        "Una carta|A Letter; La Orilla|The Shore; Los Domingos|The Sundays; "
        "El Tranvía|The Tram; La Cosecha|The Harvest; Las Campanas|The Bells; "
        "El Panadero|The Baker; La Niñera|The Nanny; El Último Baile|The Last Dance",
        "de Valdemora|of Valdemora; sin música|Without Music; "
        "de la lluvia lenta|of the Slow Rain; bajo el olivo|Under the Olive Tree; "
        "del año próximo|of Next Year; que nadie oyó|No One Heard; de mis hermanas|of My Sisters; "
        "al final del muelle|at the End of the Pier; de sal y ceniza|of Salt and Ash; "
        "del señor Quiñones|of Mister Quiñones; hacia el sur|Towards the South; "
        "a media voz|in a Low Voice",
    ),
    "de": Tongue(
        ("DE", "AT", "CH"),
        "Der Gärtner|The Gardener; Die Brücke|The Bridge; Das Uhrwerk|The Clockwork; "
        "Ein Koffer|A Suitcase; Die Nachbarin|The Neighbour; Der Schaffner|The Conductor; "
        "Das Gewitter|The Thunderstorm; Die Bäckerei|The Bakery; "
        "Der Übersetzer|The Translator; Die Schwestern|The Sisters; "
        "Das Klavier|The Piano; Ein Fahrplan|A Timetable",
        "von Oberau|of Oberau; ohne Schlüssel|Without a Key; im November|in November; "
        "am Rand der Stadt|at the Edge of Town; nach Mitternacht|After Midnight; "
        "für Fräulein Lühr|for Miss Lühr; aus Glas|Made of Glass; "
        "hinter dem Deich|Behind the Dyke; auf Probe|on Trial; "
        "der letzten Etage|of the Top Floor; gegen den Wind|Against the Wind; zu früh|Too Early",
    ),
    "it": Tongue(
        ("IT",),
        "Il Giardiniere|The Gardener; La Stazione|The Station; Gli Ombrelli|The Umbrellas; "
        "Il Barbiere|The Barber; La Cartolina|The Postcard; Le Lucciole|The Fireflies; "
        "Un ascensore|A Lift; Il Pianoforte|The Piano; I Cugini|The Cousins; "
        "La Bottega|The Workshop; Il Temporale|The Thunderstorm; La Città|The City",
        "di Montesecco|of Montesecco; senza sale|Without Salt; "
        "del terzo piano|of the Third Floor; sotto la cenere|Under the Ash; "
        "di zia Ernesta|of Aunt Ernesta; alle undici e un quarto|at a Quarter Past Eleven; "
        "che non c'è più|That Is Gone; d'agosto|of August; per due|for Two; "
        "fra le righe|Between the Lines; della nebbia|of the Fog; in salita|Uphill",
    ),
    "ja": Tongue(
        ("JP",),
        "庭|The Garden|niwa; 橋|The Bridge|hashi; 時計|The Clock|tokei; "
        "手紙|The Letter|tegami; 傘|The Umbrella|kasa; 駅|The Station|eki; "
        "料理人|The Cook|ryorinin; 海辺|The Seaside|umibe; 図書館|The Library|toshokan; "
        "灯り|The Light|akari; 記憶|The Memory|kioku; 猫|The Cat|neko",
        "十一月の|of November|Juichigatsu no; 霧の中の|in the Fog|Kiri no naka no; "
        "名前のない|Without a Name|Namae no nai; 山田さんの|of Mister Yamada|Yamada-san no; "
        "最後の夏の|of the Last Summer|Saigo no natsu no; "
        "雪の下の|Under the Snow|Yuki no shita no; "
        "隣町の|of the Next Town|Tonarimachi no; 真夜中の|at Midnight|Mayonaka no; "
        "二人だけの|for Two Alone|Futari dake no; 川向こうの|Across the River|Kawamuko no; "
        "七つ目の|Number Seven|Nanatsume no; 祖母の|of My Grandmother|Sobo no",
        is_tail_first=True,
        gap="",
    ),
    "ko": Tongue(
        ("KR",),
        "정원|The Garden; 다리|The Bridge; 시계|The Clock; 편지|The Letter; 우산|The Umbrella; "
        "정류장|The Bus Stop; 요리사|The Cook; 바다|The Sea; 골목|The Alley; 약속|The Promise; "
        "이웃|The Neighbour; 계절|The Season",
        "11월의|of November; 안개 속의|in the Fog; 이름 없는|Without a Name; "
        "마지막 여름의|of the Last Summer; 눈 내리는|in the Falling Snow; 자정의|at Midnight; "
        "강 건너|Across the River; 두 사람의|of Two People; 아무도 모르는|Nobody Knows; "
        "한남동|of Hannam-dong; 할머니의|of My Grandmother; 세 번째|Number Three",
        is_tail_first=True,
    ),
    "hi": Tongue(
        ("IN",),
        "बगीचा|The Garden; रास्ता|The Road; सपना|The Dream; घर|The House; दरवाज़ा|The Door; "
        "समुद्र|The Sea; पत्थर|The Stone; आईना|The Mirror; दीया|The Lamp; शहर|The City; "
        "संगीत|The Music; वादा|The Promise",
        "नवंबर का|of November; नदी पार का|Across the River; नानी का|of My Grandmother; "
        "आधी रात का|at Midnight; बिना नाम का|Without a Name; रेत का|of Sand; "
        "पहली बारिश का|of the First Rain; पुराने शहर का|of the Old Town; "
        "हम दोनों का|of the Two of Us; सात रंगों का|of Seven Colours; "
        "पहाड़ के पीछे का|Behind the Mountain; डाकिये का|of the Postman",
        is_tail_first=True,
    ),
    "ru": Tongue(
        ("RU",),
        "Сад|The Garden; Мост|The Bridge; Часовщик|The Watchmaker; Письмо|The Letter; "
        "Лестница|The Staircase; Соседи|The Neighbours; Вокзал|The Station; "
        "Переводчик|The Translator; Лодка|The Boat; Тишина|The Silence; Дом|The House; "
        "Скрипка|The Violin",
        "без окон|Without Windows; в тумане|in the Fog; за рекой|Beyond the River; "
        "на краю города|at the Edge of Town; после дождя|After the Rain; "
        "из стекла|Made of Glass; на двоих|for Two; под снегом|Under the Snow; "
        "за старой мельницей|Behind the Old Mill; в ноябре|in November; для Веры|for Vera; "
        "до востребования|to Be Called For",
    ),
    "sv": Tongue(
        ("SE", "FI"),
        "Trädgården|The Garden; Bron|The Bridge; Urmakaren|The Watchmaker; Brevet|The Letter; "
        "Grannarna|The Neighbours; Färjan|The Ferry; Systrarna|The Sisters; "
        "Äpplena|The Apples; Skärgården|The Archipelago; Båten|The Boat; "
        "Översättaren|The Translator; Snön|The Snow",
        "i november|in November; utan fönster|Without Windows; "
        "bortom älven|Beyond the River; på Östra Holmen|of East Holm; "
        "efter regnet|After the Rain; av glas|Made of Glass; "
        "vid vägens ände|at the End of the Road; under isen|Under the Ice; för två|for Two; "
        "som ingen såg|No One Saw; i Ängby|in Ängby; åt fel håll|the Wrong Way",
    ),
    "da": Tongue(
        ("DK",),
        "Haven|The Garden; Færgen|The Ferry; Urmageren|The Watchmaker; Brevet|The Letter; "
        "Naboerne|The Neighbours; Øen|The Island; Søstrene|The Sisters; Bageren|The Baker; "
        "Æblerne|The Apples; Oversætteren|The Translator; Trappen|The Staircase; "
        "Kælderen|The Cellar",
        "i november|in November; uden vinduer|Without Windows; "
        "på den anden side af åen|Across the Stream; efter regnen|After the Rain; "
        "af glas|Made of Glass; for enden af vejen|at the End of the Road; "
        "under isen|Under the Ice; til to|for Two; ingen så|No One Saw; "
        "i Møllebæk|in Møllebæk; på Ærøskov|of Ærøskov; midt om natten|in the Dead of Night",
    ),
}
ENGLISH_COUNTRIES = ("US", "GB", "US", "CA", "AU", "IE", "US", "GB")

HEADS = (
    "The Lamplighter; The Salt Road; A Winter; The Clockmaker; Two Strangers; The Ferryman; "
    "An Orchard; The Paper Kite; The Last Tram; The Glass Piano; Copper Birds; The Tin Parade; "
    "A Borrowed Coat; The Beekeeper; Nine Doors; The Understudy; The Cellist; A Broken Compass; "
    "The Lock-Keeper; The Weather Station; The Archivist; Twelve Lanterns; A Small Rebellion; "
    "The Night Ferry; Slow Thunder; The Marionettes; Hollow Bells; The Surveyor; The Wren; "
    "Other People's Gardens; The Stamp Collector; A Quarter Moon"
)
TAILS = (
    "of Larkhaven; at the End of Quill Street; and the Sea; for Agnes Moore; Without a Shadow; "
    "in the Long Grass; Before Winter; of Saint Orrin; and Other Debts; Under Tallow Hill; "
    "Who Stayed; on the Ninth Floor; of Pembrey Sound; Beyond Marrow Bay; and Her Brothers; "
    "in a Foreign Key; That Never Was; from Ashcombe; After the Flood; by Candlelight; "
    "of Edwin Marsh; on Borrowed Time; at Low Tide; Between Two Rains; Made of Paper; "
    "for Beginners; in Seven Letters; and the Silent Year; Against the Clock; of Old Vesper"
)
HEADS_OF_GENRE = {
    "Action": "The Ember Line; Full Throttle Home; Nobody's Bullet",
    "Adventure": "The Emerald Meridian; The Lost Caravan; Seven Leagues",
    "Animation": "The Hedgehog King; Pip and the Cloud; The Tinker's Owl",
    "Biography": "The Young Composer; Doctor Hallam; A Painter's Hands",
    "Comedy": "The Wrong Wedding; My Third Landlord; A Goat",
    "Crime": "The Counterfeiter; A Quiet Robbery; The Alibi",
    "Documentary": "The Making of Bread; A Year; The River People",
    "Family": "The Puppy Parade; Grandmother's Bicycle; The Treehouse",
    "Fantasy": "The Ninth Dragon; The Thornwitch; A Crown of Moths",
    "Film-Noir": "Cold Neon; The Blonde Witness; A Dime",
    "History": "The Treaty; The Queen's Cartographer; The Grain Riots",
    "Horror": "The Whispering Cellar; Something Pale; The Teeth",
    "Music": "The Fiddler; One More Chorus; The Brass Band",
    "Musical": "Tap Shoes; The Singing Milliner; A Waltz",
    "Mystery": "The Missing Verger; The Third Key; The Blue Envelope",
    "Romance": "A Letter; The Summer Dress; Two Tickets",
    "Sci-Fi": "The Ninth Moon; Android Lullaby; The Orbit Thief",
    "Sport": "The Second Half; The Goalkeeper; Lane Five",
    "Thriller": "The Wire Garden; Eleven Minutes; The Passenger List",
    "War": "The Bridgehead; Letters; The Field Hospital",
    "Western": "Dust; The Drifter's Mule; Six Graves",
}

PLACES = (
    "Larkhaven; Tallow Hill; Quill Street; Saint Orrin; Pembrey Sound; Marrow Bay; Ashcombe; "
    "Old Vesper; Dunmarrow; Kestrel Point; Fallowmere; Brindle County; Port Isolde; Wexcombe"
)
FIRST_NAMES = (
    "Agnes; Edwin; Clara; Tobias; Ottilie; Felix; Marguerite; Silas; Imogen; Rufus; Beatrix; "
    "Leander; Winifred; Caspian; Dorothea; Ezra; Philippa; Magnus; Rosalind; Barnaby"
)
SURNAMES = (
    "Marsh; Hallam; Whitlow; Pemberton; Quill; Thackery; Ravensworth; Bellamy; Okonjo; Lindqvist; "
    "Ferreira; Nakagawa; Voss; Castellane; Dunmore; Applewhite; Kowalczyk; Tremaine; Achterberg"
)
SHOW_PATTERNS = (
    "{place} {ending}; {surname} & {other}; Meet the {surname}s; {first} {surname} Investigates; "
    "The {surname} {ending}; {place}, Population {number}; {first} of {place}; "
    "The {place} {ending}; Inspector {surname} of {place}"
)
SHOW_ENDINGS = (
    "Confidential; Nights; Files; Rising; Heights; Exchange; Inheritance; Hospital; Affair; "
    "Brigade; Chronicles; Precinct; Society; Line; Academy; Report"
)
SHOW_PATTERNS_OF_GENRE = {
    "Talk-Show": "Tonight with {first} {surname}; {place} Talks; The {first} {surname} Hour",
    "News": "{place} at Nine; The {surname} Report; Seven Days in {place}",
    "Game-Show": "The {surname} Wheel; Double or {first}; Beat the {surname}s; {number} Questions",
    "Reality-TV": "The Great {place} Auction; {number} Days in {place}; The {surname} Kitchen",
    "Sport": "{place} United; {surname}'s Eleven Saturdays; The {place} Derby",
    "Documentary": "Inside {place}; The {place} Rivers; {number} Winters in {place}",
}

NOUNS = (
    "Letter; Lantern; Verdict; Staircase; Mirror; Anchor; Promise; Orchard; Telegram; Guest; "
    "Umbrella; Wheel; Harvest; Photograph; Stranger; Key; Silence; Wager; Ledger; Storm; "
    "Portrait; Confession; Boat; Piano; Inheritance; Shadow; Suitcase; Candle; Map; Whisper"
)
ADJECTIVES = (
    "Broken; Borrowed; Crooked; Missing; Second; Hidden; Burning; Empty; Faithful; Frozen; "
    "Honest; Last; Distant; Impossible; Old; Quiet; Restless; Stolen; Unwanted; Yellow"
)
EPISODE_PATTERNS = (
    "The {adjective} {noun}; The {adjective} {noun}; {adjective} {noun}s; {noun} and {other}; "
    "What {first} Knew; {first}'s {noun}; {first} and the {noun}; The {noun} Problem; "
    "Return to {place}; {number} {noun}s; No More {noun}s; The {noun}"
)
EPISODE_SYNOPSES = (
    "{first} finds the {noun} in {place} and tells nobody.",
    "The {adjective} {noun} turns up, and {first} has to choose a side.",
    "While {first} is away in {place}, the {noun} changes hands twice.",
    "{first} and {partner} disagree about the {noun}; only one of them is right.",
    "The night before the {noun}, {first} makes a promise to {partner}.",
)
MOVIE_PLOTS = (
    "{first} {surname} comes home to {place} for a funeral and finds the {noun} that a whole town had agreed to "
    "forget.; One night, the {adjective} {noun} of {place} disappears. {first} {surname} was the last to see it, "
    "and has until morning to say why.; {first} and {partner} have shared a house in {place} for twenty years. "
    "Then a {noun} is delivered that neither of them has ordered.; A stranger pays {first} {surname} a fortune "
    "for a worthless {noun}, and by the end of the week half of {place} is looking for it.; {first} has kept one "
    "promise and broken another. In the long winter of {place} both come due, with a {noun} between them and "
    "nowhere to hide.; Everyone in {place} knows what {first} {surname} did. Only {partner} knows about the "
    "{noun}.; For one summer {first}, {partner} and a {adjective} {noun} are all that holds the {surname} family "
    "together."
)
SHOW_PLOTS = (
    "In {place} nothing is ever locked, until the {adjective} {noun}. {first} {surname} and {partner} ask "
    "questions that their neighbours would rather not answer.; {number} strangers inherit the {surname} house in "
    "{place}, and with it a {noun} that each of them knows from somewhere.; {first} {surname} takes over the "
    "smallest office in {place}, a {adjective} {noun} included. {partner} was promised both.; Two families, one "
    "harbour and a {noun}: the {surname}s of {place} have not spoken to their neighbours for a generation, and "
    "{first} is about to find out why.; By day {first} {surname} keeps the archive of {place}. By night {partner} "
    "brings in the {noun} that should not exist."
)
TAGLINES = (
    "No one leaves {place} twice.; Every {noun} has a price.; Some promises keep themselves.; {number} secrets. "
    "One {noun}.; {place} remembers.; Never lend {first} your {noun}.; The {adjective} {noun} was only the "
    "beginning."
)
KEYWORDS = (
    "based on a true story; coming of age; small town; heist; lighthouse; winter; family secrets; island; revenge; "
    "friendship; inheritance; train; time travel; android; first love; trial; village; war veteran; amnesia; road trip"
)
COMPANIES = (
    "Lantern Row Pictures; Saint Orrin Films; Nine Piers; Kestrel & Daughters; Tallow Hill Studios; Paper Anchor; "
    "Vesper Street Productions; Marrow Bay Media"
)
NETWORKS = "Channel Nine North; Pembrey Broadcasting; Quill; Harbour One"
ODD_NAMES = (
    '?; 7½; ...And Then Snow; "Quiet," She Said; The 9\'6" Giant; Who Said "Enough; '
    "#NoFilterNeeded; Ö; North\\South of Nowhere; 00:00:61; Me + You = Rain; "
    "The Entirely Truthful and Only Slightly Embellished Account of How a Retired Lighthouse "
    "Inspector, Two Geese and a Borrowed Brass Band Saved the Village of Fallowmere from a "
    "Flood That, on Closer Inspection, Never Quite Arrived on Any Tuesday"
)
