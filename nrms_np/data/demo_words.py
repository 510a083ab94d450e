"""The words of the demo corpus: what its headlines are made of. All names of places are made up.

A headline is a template with two words that carry topics ({who}, {thing}, {many}, {doing}) and filler slots that any
topic shares, under the name of a section. Section, topic or filler: a word is one of them only, so that it is known by
its spelling. The words are few, so that each is learned within a minute.
"""

from __future__ import annotations

import re

KINDS = ("who", "thing", "many", "doing")

# Four words of each of KINDS, the first one the most common. The first six topics are the first half.
_TOPICS = {
    "football": """
        striker goalkeeper defender midfielder | penalty league stadium whistle
        goals fouls corners fixtures | dribbling scoring tackling passing""",
    "space": """
        astronaut astronomer cosmonaut stargazer | telescope rocket satellite comet
        meteors craters probes thrusters | orbiting stargazing launching docking""",
    "travel": """
        tourist traveller backpacker hotelier | airport suitcase passport ferry
        beaches flights islands hotels | sightseeing camping backpacking sailing""",
    "film": """
        actor director actress screenwriter | sequel trailer screenplay premiere
        subtitles cameras scenes stunts | filming acting editing casting""",
    "music": """
        singer drummer pianist guitarist | album concert orchestra symphony
        drums lyrics violins choirs | singing humming drumming strumming""",
    "history": """
        historian archaeologist knight pharaoh | castle museum manuscript tomb
        ruins kings relics coins | excavating archiving jousting conquering""",
    "kitchen": """
        chef baker cook butcher | casserole pancake soup recipe
        noodles onions mushrooms cookies | baking frying roasting simmering""",
    "health": """
        doctor nurse surgeon patient | vaccine hospital clinic diagnosis
        vitamins symptoms antibiotics viruses | sneezing coughing healing stretching""",
    "motoring": """
        driver mechanic motorist chauffeur | engine gearbox windscreen hatchback
        brakes tyres headlights wipers | driving parking overtaking reversing""",
    "gardens": """
        gardener florist botanist beekeeper | greenhouse hedge lawn orchard
        tulips weeds seeds roses | planting pruning weeding watering""",
    "weather": """
        forecaster meteorologist climatologist stormchaser | storm blizzard hurricane heatwave
        clouds floods showers gales | sunbathing sheltering flooding thawing""",
    "pets": """
        vet groomer breeder dogwalker | puppy kitten hamster leash
        dogs cats paws whiskers | barking purring grooming fetching""",
}
TOPICS = {
    name: dict(zip(KINDS, [words.split() for words in re.split(r"[|\n]", text.strip())], strict=True))
    for name, text in _TOPICS.items()
}

FILLERS: dict[str, list[str]] = {
    name: text.split()
    for name, text in {
        "place": """Riverside Oakdale Millbrook Fairview Elmwood Stonebridge Maplewood Brookhollow Hillcrest Greenvale
            Ashcombe Larkfield""",
        "crowd": """readers neighbours experts officials teachers parents students insiders critics locals regulars
            visitors""",
        "group": "village couple street office classroom club school factory company crew suburb jury",
        "quality": """surprising quiet simple strange honest modest clever gentle stubborn hopeful remarkable
            unlikely""",
        "number": "two three four five six seven eight nine ten eleven twelve fifteen",
        "period": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday morning afternoon evening week month",
        "moves": "delights worries divides puzzles surprises annoys charms inspires unites embarrasses amuses confuses",
        "said": "says thinks insists admits hopes warns claims promises suspects believes jokes confirms",
    }.items()
}

# The sections of the site. In those of the first line the topics of the first half of TOPICS count, in the others those
# of the second half.
SECTIONS = (
    "Leisure Weekend Culture".split(),
    "Household Everyday Family".split(),
)

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
