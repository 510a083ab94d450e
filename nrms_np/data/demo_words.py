"""The words of the demo corpus: what its headlines are made of. All names of places are made up.

A headline is a template with two phrases that carry topics ({who}, {thing}, {many}, {doing}) and filler slots that any
topic shares. No filler word is a topical word, so a topical word is known by its spelling.
"""

from __future__ import annotations

KINDS = ("who", "thing", "many", "doing", "adjective")

# One line for each of KINDS. The first words of a line are the common ones. Five words stand in two topics on purpose
# (pitch, pilot, trunk, roots, shooting): only their neighbours tell which one is meant.
_TOPICS = {
    "football": """
        striker goalkeeper defender midfielder referee winger
        penalty league stadium whistle derby trophy crossbar pitch
        goals fouls corners fixtures tackles headers
        dribbling scoring tackling passing shooting
        offside unbeaten goalless relegated attacking""",
    "kitchen": """
        chef baker cook butcher waiter grocer
        casserole pancake soup recipe oven skillet pudding omelette
        noodles onions mushrooms cookies spices tomatoes
        baking frying roasting simmering kneading
        creamy crispy spicy buttery savoury""",
    "space": """
        astronaut astronomer cosmonaut stargazer astrophysicist pilot
        telescope rocket satellite comet planet galaxy asteroid spacecraft
        meteors craters probes thrusters rovers constellations
        orbiting stargazing launching docking spacewalking
        lunar solar cosmic interstellar weightless""",
    "health": """
        doctor nurse surgeon patient dentist therapist
        vaccine hospital clinic diagnosis fever allergy checkup prescription
        vitamins symptoms antibiotics viruses pills hormones
        sneezing coughing healing stretching sleeping
        feverish chronic contagious medical sleepless""",
    "travel": """
        tourist traveller backpacker hotelier concierge pilot
        airport suitcase passport ferry hostel cruise itinerary visa
        beaches flights islands hotels resorts timetables
        sightseeing camping backpacking sailing boarding
        tropical coastal scenic seaside overbooked""",
    "motoring": """
        driver mechanic motorist chauffeur biker trucker
        engine gearbox windscreen hatchback bumper clutch dashboard trunk
        brakes tyres headlights wipers pistons roundabouts
        driving parking overtaking reversing braking
        electric diesel rusty turbocharged roadworthy""",
    "film": """
        actor director actress screenwriter stuntman producer
        sequel trailer screenplay premiere blockbuster documentary cinema thriller
        subtitles cameras scenes stunts cartoons costumes
        filming acting editing casting shooting
        cinematic animated dramatic slapstick scripted""",
    "music": """
        singer drummer pianist guitarist composer conductor
        album concert orchestra symphony guitar melody chorus pitch
        drums lyrics violins choirs encores rehearsals
        singing humming drumming strumming composing
        acoustic melodic operatic rhythmic orchestral""",
    "gardens": """
        gardener florist botanist beekeeper landscaper arborist
        greenhouse hedge lawn orchard flowerbed wheelbarrow trellis trunk
        tulips weeds seeds roses daffodils roots
        planting pruning weeding watering mowing
        blooming leafy thorny fertile evergreen""",
    "weather": """
        forecaster meteorologist climatologist stormchaser weatherman weatherwoman
        storm blizzard hurricane heatwave thunderstorm rainbow barometer thermometer
        clouds floods showers gales snowflakes hailstones
        sunbathing sheltering flooding thawing freezing
        stormy rainy snowy foggy windy""",
    "pets": """
        vet groomer breeder dogwalker petsitter falconer
        puppy kitten hamster leash parrot goldfish aquarium kennel
        dogs cats paws whiskers fleas claws
        barking purring grooming fetching scratching
        furry fluffy playful housetrained stray""",
    "history": """
        historian archaeologist knight pharaoh emperor curator
        castle museum manuscript tomb pyramid cathedral dynasty artefact
        ruins kings relics coins empires roots
        excavating archiving jousting conquering embalming
        medieval ancient roman victorian prehistoric""",
}
TOPICS: dict[str, dict[str, list[str]]] = {
    name: dict(zip(KINDS, [line.split() for line in text.strip().split("\n")], strict=True))
    for name, text in _TOPICS.items()
}

FILLERS: dict[str, list[str]] = {
    name: text.split()
    for name, text in {
        "place": """Riverside Oakdale Millbrook Fairview Elmwood Stonebridge Maplewood Brookhollow Hillcrest Greenvale
            Ashcombe Larkfield Westhaven Northgate Southmere Eastbrook Thornbury Pinehurst Cedarton Willowby Foxhollow
            Goldcrest Marshfield Highmoor Lowmoor Kingsbrook Queensby Harrowell Linden Rosefield Saltmarsh Copperton
            Silverlake Dunmere Birchwood Hazelton Ferndale Otterburn Wexcombe Plumfield""",
        "crowd": """readers neighbours experts officials teachers parents students insiders critics locals regulars
            visitors strangers colleagues witnesses grandparents teenagers researchers organisers commentators sceptics
            admirers twins beginners professionals retirees newcomers cousins""",
        "group": "family village couple street office classroom household club school factory company crew suburb jury",
        "quality": """surprising quiet simple strange honest modest clever gentle stubborn hopeful remarkable unlikely
            brilliant ordinary puzzling useful curious secret forgotten favourite lonely famous humble noisy tireless
            peculiar perfect reluctant serious tiny gigantic nameless""",
        "number": "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty",
        "period": """Monday Tuesday Wednesday Thursday Friday Saturday Sunday morning afternoon evening weekend week
            month spring summer autumn winter""",
        "moves": "delights worries divides puzzles surprises annoys charms inspires unites embarrasses amuses confuses",
        "said": "says thinks insists admits hopes warns claims promises suspects believes jokes confirms",
    }.items()
}

OPENERS = "Opinion: |Watch: |Revealed: |In pictures: |Explained: |Exclusive: |Quiz: |Interview: |Poll: ".split("|")

CLOSERS = (
    " in {place}| this {period}|, say {crowd}| near {place}| once again|, a survey finds|, {crowd} agree"
    "| despite everything| after {number} years|, {place} hears|, but not for long"
).split("|")

TEMPLATES = """
Why the {who} gave up on {many}
{place} {who} gives {number} tips on {doing}
How a {thing} rescued our {many}
What the {who} told {crowd} about the {thing}
{quality} ways to combine {doing} with {many}
The {who} and the {thing}: a {quality} tale
Is the {thing} worth it without {doing}?
Finally, a {thing} for the {who} of {place}
{crowd} argue over {many} and {doing}
{many} are back, and this {who} is happy
No more {many} near the {thing}
Meet the {quality} {who} who lives for {many}
Can {doing} save the {thing}?
The {quality} truth about {many} and {doing}
Ask a {who}: is {doing} for everyone?
My {thing} is full of {many}
{who} wins prize for {quality} {thing}
A {who}, {number} {many} and one {quality} {period}
Should the {group} fear {many}? A {who} answers
{place} loses its {thing} but keeps {doing}
The {thing} that {moves} every {who}
Forget {many}: {crowd} now prefer {doing}
Lost {thing} found by {quality} {who}
Who needs a {thing} to enjoy {many}?
A {period} with a {who}: lessons in {doing}
{number} {many}, no {thing}, one {quality} {group}
{doing} is easy, {quality} {who} {said}
When {doing} goes wrong: the {thing} nobody wanted
The {who} who cannot stand {many}
New rules on {many} surprise owners of every {thing}
How {doing} {moves} a {who}
Please stop {doing}, {quality} {who} begs
{group} swaps {thing} for {number} {many}
Old {thing}, new {who}
{crowd} rediscover {doing} and {many}
Her {thing} made her the best {who}
Where have all the {many} gone, asks {who}
{who} finds {number} {many} under the floor
Late {thing} {moves} {crowd} waiting for {many}
In praise of {doing} and the {quality} {thing}
""".strip().split("\n")
