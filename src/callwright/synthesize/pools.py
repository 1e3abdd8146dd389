"""The words that values are made of: places, people, things, sentences.

Everything here is data. A pool is split into a train half and a test half by a hash of each value
(`half`), so growing a pool never moves a value from one half to the other.

    >>> set(half(CITIES, "train")) & set(half(CITIES, "test"))
    set()
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Literal

Half = Literal["train", "test"]
SHARED_UP_TO = 8
"""A closed set of at most this many values is used by both halves: an enum can not be held out."""


def in_half(value: object, which: Half) -> bool:
    """Tell whether `value` belongs to the half: integers by residue modulo 7, all else by sha256."""
    if isinstance(value, int) and not isinstance(value, bool):
        first = value % 7 in (0, 1, 3, 5)
    else:
        first = _is_even(str(value))
    return first == (which == "train")


@lru_cache(maxsize=1 << 16)
def _is_even(text: str) -> bool:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


@lru_cache(maxsize=4096)
def half(pool: tuple[str, ...], which: Half) -> tuple[str, ...]:
    """Return the values of `pool` that belong to the half; a small pool belongs to both."""
    if len(pool) <= SHARED_UP_TO:
        return pool
    return tuple(v for v in pool if in_half(v, which)) or pool


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", " ").split("|") if part.strip())


CITIES = _list(
    """
    Paris|London|Berlin|Madrid|Rome|Vienna|Lisbon|Dublin|Oslo|Stockholm|Helsinki|Copenhagen|Prague|
    Warsaw|Budapest|Athens|Amsterdam|Brussels|Zurich|Geneva|Milan|Naples|Barcelona|Valencia|Porto|Lyon|
    Marseille|Hamburg|Munich|Cologne|Edinburgh|Glasgow|Manchester|Tokyo|Osaka|Kyoto|Seoul|Singapore|
    Bangkok|Hanoi|Jakarta|Manila|Mumbai|Delhi|Bangalore|Dubai|Istanbul|Cairo|Nairobi|Lagos|Cape Town|
    Casablanca|Sydney|Melbourne|Auckland|New York|Boston|Chicago|Seattle|Denver|Austin|Miami|
    San Francisco|Toronto|Montreal|Vancouver|Mexico City|Lima|Bogotá|Santiago|Buenos Aires|São Paulo|
    Rio de Janeiro|Havana|Reykjavik|Tallinn|Riga|Vilnius|Zagreb|Ljubljana|Krakow|Salzburg|Bruges|Ghent|
    Seville|Granada|Florence|Venice|Turin
    """
)
US_CITIES = _list(
    """
    Austin, TX|Boston, MA|Chicago, IL|Denver, CO|Seattle, WA|Miami, FL|Portland, OR|Nashville, TN|
    San Francisco, CA|San Diego, CA|Los Angeles, CA|New York, NY|Philadelphia, PA|Phoenix, AZ|
    Dallas, TX|Houston, TX|Atlanta, GA|Detroit, MI|Minneapolis, MN|Las Vegas, NV|Orlando, FL|
    Salt Lake City, UT
    """
)
STATES = _list(
    """
    California|Texas|Florida|New York|Ohio|Oregon|Nevada|Colorado|Washington|Georgia|Michigan|Virginia|
    Arizona|Utah|Vermont|Maine|Illinois|Kansas|Iowa|Montana
    """
)
COUNTRIES = _list(
    """
    France|Germany|Spain|Italy|Portugal|Ireland|Norway|Sweden|Finland|Denmark|Poland|Austria|Greece|
    Switzerland|Belgium|Japan|South Korea|Thailand|Vietnam|Indonesia|India|Turkey|Egypt|Kenya|Nigeria|
    Morocco|South Africa|Australia|New Zealand|Canada|Mexico|Peru|Chile|Argentina|Brazil|Iceland|
    Estonia|Croatia|Hungary
    """
)
NATIONALITIES = _list(
    """
    French|German|Spanish|Italian|Portuguese|Irish|Norwegian|Swedish|Finnish|Danish|Polish|Austrian|
    Greek|Swiss|Belgian|Japanese|Korean|Thai|Vietnamese|Indonesian|Indian|Turkish|Egyptian|Kenyan|
    Nigerian|Moroccan|Australian|Canadian|Mexican|Peruvian|Chilean|Argentinian|Brazilian|Icelandic|
    Estonian|Croatian|Hungarian
    """
)
COUNTRY_CODES = _list("FR|DE|ES|IT|PT|IE|NO|SE|FI|DK|PL|AT|GR|CH|BE|JP|KR|TH|IN|TR|AU|NZ|CA|MX|BR|GB|US")
AIRPORTS = _list(
    """
    CDG|LHR|JFK|FRA|AMS|MAD|BCN|LIS|DUB|OSL|ARN|CPH|VIE|ZRH|MUC|FCO|MXP|ATH|IST|DXB|SIN|HND|ICN|BKK|HKG|
    SYD|MEL|AKL|LAX|SFO|SEA|BOS|ORD|MIA|DEN|YYZ|YVR|GRU|EZE|CPT|NBO|CAI|DEL|BOM
    """
)
STREETS = _list(
    """
    12 Baker Street|48 Elm Avenue|7 Rue de Rivoli|221 Maple Drive|15 Harbour Road|90 Castle Street|
    33 Lindenstrasse|5 Station Road|104 Sunset Boulevard|61 Mill Lane|18 Garden Terrace|272 Oak Street|
    9 Market Square|130 King Street|44 Via Roma|76 Riverside Drive|23 Church Lane|310 Pine Street
    """
)
PLACES = _list(
    """
    the central station|the airport|the city museum|the old town|the university library|the main square|
    the harbour|the botanical garden|the concert hall|the town hall|the football stadium|
    the science centre|the river park|the trade fair|the opera house|the convention centre
    """
)
FIRST_NAMES = _list(
    """
    Anna|Ben|Carla|David|Elena|Felix|Grace|Hugo|Ines|Jonas|Karim|Laura|Marco|Nina|Omar|Priya|Quentin|
    Rosa|Samir|Tina|Umar|Vera|Wei|Yuki|Zoe|Aisha|Bruno|Chloe|Diego|Emma|Fatima|Georg|Hana|Ivan|Julia|
    Kofi|Lena|Mateo|Noor|Oscar
    """
)
LAST_NAMES = _list(
    """
    Keller|Moreau|Rossi|Novak|Silva|Tanaka|Okafor|Haddad|Lindberg|Costa|Meyer|Dubois|Kaya|Patel|Nguyen|
    Kim|Fischer|Garcia|Hughes|Ivanova|Jensen|Kowalski|Lopez|Marino|Nielsen|Ortega|Petrov|Quinn|Reyes|
    Schmidt
    """
)
PRODUCTS = _list(
    """
    wireless headphones|running shoes|coffee grinder|desk lamp|rain jacket|yoga mat|mechanical keyboard|
    water bottle|backpack|office chair|electric kettle|phone case|winter gloves|bicycle helmet|
    chess set|cast iron pan|sleeping bag|wool sweater|bluetooth speaker|travel adapter|garden hose|
    standing desk|picture frame|sunglasses|toaster|board game|camping stove|noise-cancelling earbuds|
    leather wallet|air fryer|kids' scooter|espresso machine|hiking boots|laptop stand|bath towels|
    tennis racket
    """
)
TOPICS = _list(
    """
    solar energy|electric cars|black holes|medieval history|sourdough baking|climate change|jazz piano|
    remote work|urban gardening|machine learning|coral reefs|home insulation|quantum computing|
    street art|marathon training|wine regions|space telescopes|ancient Rome|renewable heating|
    tax returns|bird migration|chess openings|sleep hygiene|battery recycling|modern architecture|
    vegan cooking|public transport|data privacy|volcanoes|the French Revolution|indoor plants|
    cycling routes
    """
)
DISHES = _list(
    """
    pizza|sushi|ramen|tacos|lasagne|pad thai|chicken curry|falafel|paella|lentil soup|risotto|burritos|
    pancakes|dumplings|goulash|moussaka|bibimbap|shakshuka|fish and chips|gnocchi|pho|tiramisu
    """
)
INGREDIENTS = _list(
    """
    tomatoes|chickpeas|spinach|mushrooms|chicken|salmon|rice|potatoes|eggs|feta|lentils|basil|zucchini|
    tofu|carrots|garlic|coconut milk|peppers|noodles|lemon|butter|oats
    """
)
CUISINES = _list(
    "Italian|Thai|Mexican|Japanese|Indian|Greek|Lebanese|Korean|Spanish|French|Ethiopian|Vietnamese"
)
RESTAURANTS = _list(
    """
    Luigi's|The Blue Door|Casa Verde|Golden Lotus|Chez Margot|The Old Mill|Sakura House|El Molino|
    Nonna Rosa|The Copper Pot|Bombay Garden|Le Petit Jardin|Harbour Grill|Taverna Nikos|The Green Fork|
    Seoul Kitchen|La Perla|The Rusty Anchor|Olive and Thyme|Zum Goldenen Hirsch
    """
)
HOTELS = _list(
    """
    Hotel Astoria|the Grand Plaza|Seaview Inn|the Park Lodge|Hotel Mirabell|the Riverside Hotel|
    Casa Blanca|the Northern Star|Hotel Continental|the Old Lighthouse|Alpine Chalet|the Palm Court|
    Hotel Bellevue|the Station Hotel|Villa Aurora|the Harbour House
    """
)
COMPANIES = _list(
    """
    Northwind Traders|Blue Harbor Foods|Acme Tools|Solaris Energy|Redwood Media|Kestrel Labs|
    Orbit Logistics|Lumen Health|Fjord Textiles|Granite Bank|Pinecone Games|Silverline Air|
    Vertex Robotics|Maple Dairy
    """
)
SYMBOLS = _list("AAPL|MSFT|NVDA|AMZN|TSLA|GOOG|META|NFLX|INTC|AMD|IBM|ORCL|ADBE|SAP|SONY|NKE|DIS|KO|PEP|MCD")
MOVIES = _list(
    """
    Casablanca|Inception|The Matrix|Amélie|Spirited Away|Jaws|Alien|The Godfather|Parasite|Up|
    Metropolis|Vertigo|Arrival|Blade Runner|Psycho|Gladiator|Titanic|Fargo|Memento|Whiplash
    """
)
BOOKS = _list(
    """
    Dune|Emma|Middlemarch|The Hobbit|Moby-Dick|Beloved|Dracula|Frankenstein|Persuasion|Ulysses|
    The Trial|Rebecca|Walden|Hamlet|Brave New World|The Odyssey|Jane Eyre|Siddhartha|The Stranger|Momo
    """
)
AUTHORS = _list(
    """
    Jane Austen|Leo Tolstoy|Agatha Christie|Gabriel García Márquez|Toni Morrison|Franz Kafka|
    Mary Shelley|Haruki Murakami|Ursula Le Guin|Charles Dickens|Virginia Woolf|Isaac Asimov|
    Chinua Achebe|Jorge Luis Borges
    """
)
SONGS = _list(
    """
    Yesterday|Hallelujah|Imagine|Respect|Heroes|Dancing Queen|Smooth Operator|Purple Rain|Blackbird|
    Jolene|Wonderwall|Clocks|Hurt|Africa|Dreams|Fast Car|Redemption Song|Moon River
    """
)
ARTISTS = _list(
    """
    Nina Simone|David Bowie|Miles Davis|Björk|Stevie Wonder|Radiohead|Aretha Franklin|Daft Punk|
    Joni Mitchell|Bob Marley|Billie Holiday|Fleetwood Mac|Johnny Cash|Kate Bush|Buena Vista Social Club|
    Sade
    """
)
GENRES = _list(
    "jazz|thriller|comedy|documentary|rock|classical|science fiction|romance|folk|horror|drama|fantasy"
)
CATEGORIES = _list(
    """
    electronics|books|toys|garden|sports|clothing|furniture|groceries|beauty|music|office supplies|
    pet supplies
    """
)
COLORS = _list("red|blue|green|black|white|yellow|orange|purple|grey|pink|brown|turquoise")
TAGS = _list(
    """
    urgent|family|travel|work|health|invoices|ideas|recipes|holiday|project|school|finance|reading|
    music|garden|weekend|backup|draft|review|personal
    """
)
SPORTS = _list(
    "tennis|football|basketball|swimming|cycling|rowing|volleyball|hockey|badminton|climbing|golf|judo"
)
TEAMS = _list(
    """
    Real Madrid|Bayern Munich|Liverpool|Juventus|Ajax|Benfica|Celtic|Lakers|Bulls|Celtics|Warriors|
    Arsenal|Porto
    """
)
JOBS = _list(
    """
    data analyst|nurse|electrician|graphic designer|accountant|chef|software engineer|teacher|plumber|
    translator|project manager|pharmacist|carpenter|journalist
    """
)
DEPARTMENTS = _list(
    "sales|finance|support|marketing|engineering|legal|logistics|research|purchasing|operations"
)
TASKS = _list(
    """
    call the dentist|water the plants|pay the electricity bill|pick up the dry cleaning|buy milk|
    renew my passport|send the quarterly report|book the car service|return the library books|
    charge the camera|feed the cat|take out the recycling|order new contact lenses|back up my laptop|
    reply to the landlord|clean the coffee machine|prepare the slides|collect the parcel|
    check the tyre pressure|defrost the freezer|sign the lease|wish Grandma a happy birthday|
    submit the tax return|buy a birthday card|take my vitamins|walk the dog
    """
)
MESSAGES = _list(
    """
    I'm running ten minutes late|The meeting is moved to the small room|Thanks for dinner last night|
    Can you bring the blue folder|The parcel has arrived|I will call you after lunch|
    Don't forget the tickets|We are out of printer paper|The keys are under the mat|
    Happy birthday and see you soon|The invoice is attached|Please check the second draft|
    I left my umbrella at your place|The train is delayed again|Dinner is ready at home|
    The plumber is coming this afternoon|Good luck with the exam|I found the missing charger|
    We won the match|Please water the tomatoes|The kids are already asleep|Our flight has landed|
    I need the numbers for the board|Let's grab a coffee next week|The contract is signed|
    Your table is waiting|I can not make it tonight|The new logo looks great
    """
)
PHRASES = _list(
    """
    good morning|where is the train station|thank you for your help|how much does this cost|
    see you tomorrow|I would like a glass of water|the bill please|have a nice trip|I am lost|
    what time is it|nice to meet you|the weather is lovely today|could you speak more slowly|
    I am allergic to nuts|happy new year|the museum is closed on Mondays|my suitcase is missing|
    two tickets please|good night and sleep well|is this seat taken|we are looking for a pharmacy|
    the soup is delicious
    """
)
SUBJECTS = _list(
    """
    Quarterly report|Team lunch|Lease renewal|Budget draft|Holiday plans|Interview feedback|
    Missing invoice|Server maintenance|Welcome aboard|Contract questions|Photo selection|
    Conference travel|Broken dishwasher|Parking permit|Updated schedule|Book club|Sales figures|
    Garden party|School trip|Design review|Insurance claim|Delivery delay|Weekly sync|Rehearsal dates
    """
)
EVENTS = _list(
    """
    Team lunch|Dentist appointment|Project kick-off|Yoga class|Parents' evening|Budget review|
    Piano lesson|Book club|Design review|Birthday party|Flat viewing|Job interview|Sprint planning|
    Eye test|Choir rehearsal|Board meeting|Farewell drinks|Vet appointment|Training run|Movie night|
    Quarterly planning|Car inspection
    """
)
NOTES = _list(
    """
    a quiet table please|leave it at the front desk|ring the bell twice|no onions please|
    window seat if possible|it is a birthday surprise|we will arrive late|allergic to peanuts|
    please call before delivery|handle with care|vegetarian menu for one|the gate code is on the door|
    high chair needed|gift wrap please|ground floor preferred|do not bend|check the left hinge|
    extra towels please|bring the spare key|wheelchair access needed
    """
)
REASONS = _list(
    """
    changed my mind|found a better price|picked the wrong day|caught a cold|ordered it by mistake|
    have to work that day|am moving to another city|have a family emergency|no longer need it|
    mixed up the dates|have a doctor's appointment|missed my train|lost my passport|got a new job|
    broke my leg|am on a business trip|made a duplicate by accident|can not get time off
    """
)
DETAILS = _list(
    """
    the screen stays black|the login page keeps reloading|the heating makes a rattling noise|
    the app crashes on start|the handle is loose|the printer jams every morning|the door does not close|
    the video has no sound|the battery drains within an hour|the export file is empty|
    the lid is cracked|the tap is dripping|the map shows the wrong street|
    the light in the hallway flickers
    """
)
SYMPTOMS = _list(
    """
    headache|sore throat|back pain|fever|cough|dizziness|skin rash|toothache|nausea|knee pain|fatigue|
    hay fever
    """
)
NAMES_OF_THINGS = _list(
    """
    Blue Falcon|Summer Plan|Morning Mix|North Wing|Copper River|Second Draft|Garden Wall|Silver Birch|
    Road Trip|Red Maple|Night Shift|Paper Crane|Wild Honey|Lighthouse|Old Harbour|Winter Stock|
    Open Field|Quiet Corner|Green Line|Stone Bridge|First Light|Amber Room|River Bend|High Tide
    """
)
WORDS = _list(
    """
    maple|harbour|copper|lantern|meadow|falcon|granite|velvet|orchid|compass|ember|willow|saffron|
    tundra|marble|cedar|ripple|juniper|cobalt|thistle|pepper|canyon|walnut|sparrow
    """
)
FILES = _list(
    """
    report.pdf|budget_2026.xlsx|notes.txt|photo_0412.jpg|slides.pptx|contract.docx|data.csv|
    invoice_118.pdf|backup.zip|readme.md|plan.odt|song.mp3|floorplan.png|minutes.docx|inventory.csv|
    poster.svg|archive.tar|thesis_draft.tex
    """
)
FOLDERS = _list(
    "Documents|Photos|Projects|Invoices|Archive|Drafts|Music|Reports|Receipts|Travel|Shared|Backups"
)
DOMAINS = _list("example.com|example.org|example.net|mail.example.com|post.example.org")
USERNAMES = _list(
    """
    anna_k|bluefox|marco77|night.owl|pixelpaul|rosa.m|skywalker9|teatime|quickbrown|wanderer|lena_dev|
    bookworm|kofi_b|mountaingoat|jazzcat|paperboat
    """
)
TIMEZONES = _list(
    """
    Europe/Paris|Europe/Berlin|Europe/London|America/New_York|America/Chicago|America/Los_Angeles|
    Asia/Tokyo|Asia/Singapore|Asia/Kolkata|Australia/Sydney|Africa/Nairobi|America/Sao_Paulo
    """
)
ANIMALS = _list("dog|cat|rabbit|hamster|parrot|horse|goldfish|turtle|guinea pig|ferret|canary|goat")
MONTHS = _list("January|February|March|April|May|June|July|August|September|October|November|December")
WEEKDAYS = _list("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday")

CURRENCIES: dict[str, str] = {
    "EUR": "euros", "USD": "US dollars", "GBP": "British pounds", "JPY": "Japanese yen",
    "CHF": "Swiss francs",
    "CAD": "Canadian dollars", "AUD": "Australian dollars", "NZD": "New Zealand dollars",
    "SEK": "Swedish kronor",
    "NOK": "Norwegian kroner", "DKK": "Danish kroner", "PLN": "Polish zloty", "CZK": "Czech koruna",
    "HUF": "Hungarian forints", "TRY": "Turkish lira", "INR": "Indian rupees", "CNY": "Chinese yuan",
    "KRW": "South Korean won", "SGD": "Singapore dollars", "HKD": "Hong Kong dollars", "THB": "Thai baht",
    "MXN": "Mexican pesos", "BRL": "Brazilian reais", "ZAR": "South African rand",
}  # fmt: skip
LANGUAGES: dict[str, str] = {
    "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch",
    "sv": "Swedish", "no": "Norwegian", "da": "Danish", "fi": "Finnish", "pl": "Polish", "cs": "Czech",
    "el": "Greek", "tr": "Turkish", "ru": "Russian", "uk": "Ukrainian", "ar": "Arabic", "he": "Hebrew",
    "hi": "Hindi", "ja": "Japanese", "ko": "Korean", "zh": "Chinese", "vi": "Vietnamese", "th": "Thai",
    "id": "Indonesian", "en": "English",
}  # fmt: skip
