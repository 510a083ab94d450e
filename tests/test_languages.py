"""Tokens in any language: made-up headlines, and a corpus whose words are replaced by those of other scripts."""

import re
import unicodedata
from dataclasses import replace

import numpy as np
import pytest

from nrms_np.app import run_data
from nrms_np.app.run_folder import RunSettings
from nrms_np.config import Config
from nrms_np.data.demo import make_demo
from nrms_np.data.mind import News
from nrms_np.data.vocabulary import build_vocabulary, fold, tokenize
from nrms_np.fit import TrainingState
from nrms_np.model import init_parameters
from tests.helpers import count_words, training

# the headline, and its tokens with a space between them
HEADLINES = {
    "Swahili": ("Mvua kubwa yanyesha Mjini leo!", "mvua kubwa yanyesha mjini leo !"),
    "Somali": ("Roob xooggan oo ka da'ay magaalada", "roob xooggan oo ka da ay magaalada"),
    "Chinese": ("老城今天开新桥，共3座", "老 城 今 天 开 新 桥 , 共 3 座"),
    "Chinese with spaces": ("老城 今天 开放 三座 新桥", "老城 今天 开放 三座 新桥"),
    "Japanese": ("新しいロボットが町を走る", "新 し い ロ ボ ッ ト が 町 を 走 る"),
    "Japanese with spaces": ("町 の パン屋 が 再開", "町 の パン屋 が 再開"),
    "Turkish": ("İzmir'de IŞIK festivali: Ilık bir akşam", "izmir de işik festivali ilik bir akşam"),
    "Tamil": ("கிராமத்தில் புதிய பள்ளி", "கிராமத்தில் புதிய பள்ளி"),
    "Vietnamese": ("Trận mưa đầu mùa ở phố cổ", "trận mưa đầu mùa ở phố cổ"),
    "Thai": ("แมวที่ตลาด 3 ตัว", "แ ม ว ที่ ต ล า ด 3 ตั ว"),
    "Thai with spaces": ("แมว ที่ ตลาด หาย", "แมว ที่ ตลาด หาย"),
    "Romanian": ("Șoseaua și podul își așteaptă brutarii", "șoseaua și podul își așteaptă brutarii"),
    "Finnish": ("Yöllä järvi jäätyi, aamulla hiihdettiin", "yöllä järvi jäätyi , aamulla hiihdettiin"),
    "Georgian": ("ახალი ხიდი ᲥᲐᲚᲐᲥᲨᲘ", "ახალი ხიდი ქალაქში"),
    "Haitian": ("Lapli a rive nan mòn yo; chemen an bloke", "lapli a rive nan mòn yo ; chemen an bloke"),
    "Indonesian": ("Kucing-kucing pasar pulang?", "kucing kucing pasar pulang ?"),
    "Guarani": ("Ñandejára óga g̃uahẽ mbo'ehao", "ñandejára óga g̃uahẽ mbo ehao"),
    "Korean": ("새 다리가 오늘 열렸다", "새 다리가 오늘 열렸다"),
    "Hindi": ("क्षेत्र में नई लाइब्रेरी खुली", "क्षेत्र में नई लाइब्रेरी खुली"),
    "Hebrew": ('דו"ח חדש: הגשר נפתח', 'דו"ח חדש הגשר נפתח'),
    "pointed Hebrew": ("שָׁלוֹם לָעִיר", "שָׁלוֹם לָעִיר"),
    "vowelled Arabic": ("كِتَابٌ جَدِيدٌ فِي المَدِينَةِ", "كِتَابٌ جَدِيدٌ فِي المَدِينَةِ"),
    "Persian": ("کتاب‌خانه باز می‌شود", "کتاب‌خانه باز می‌شود"),
    "Sinhala": ("ශ්‍රී නගරය", "ශ්‍රී නගරය"),
    "Khmer": ("ខ្មែរ\u200bថ្មី\u200bស្អាត", "ខ្មែរ ថ្មី ស្អាត"),
    "Khmer without breaks": ("ខ្មែរថ្មី", "ខ្មែ រ ថ្មី"),
    "Burmese": ("မန္တလေး", "မ န္တ လေး"),
    "mixed": ("iPhone15発売 in Tōkyō 👍🏽", "iphone15 発 売 in tōkyō"),
    "German": ("Straße ÖFFNET", "straße öffnet"),
    "Greek": ("ΝΕΟΣ ΔΡΟΜΟΣ", "νεος δρομος"),
}


@pytest.mark.parametrize("language", HEADLINES)
def test_headlines_however_they_are_typed(language):
    title, tokens = HEADLINES[language]
    expected = unicodedata.normalize("NFC", tokens).split(" ")
    for form in ("NFC", "NFD"):
        assert tokenize(unicodedata.normalize(form, title)) == expected


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("soft\u00adhyphen zero\u200bwidth \ufeffmark w\u2060ord", "softhyphen zerowidth mark word"),
        ("\u2067عربي\u2069 \u200fكـــتاب", "عربي كتاب"),
        ("ＡＢＣ１５！　ﾛﾎﾞｯﾄ", "abc15! ロボット"),
        ("葛\U000e0100城", "葛城"),
        ("𝐁𝐫𝐞𝐚𝐤𝐢𝐧𝐠 ﬁnance 𝟚𝟘", "breaking finance 20"),
        ("ﻻ ﺍﻟﻘﻤﺮ", "لا القمر"),
        ("ISTANBUL İSTANBUL istanbul I\u0307STANBUL", "istanbul istanbul istanbul istanbul"),
        ("H\u0331 ẖ", "ẖ ẖ"),
        ("1\ufe0f\u20e3 ❤\ufe0f win", "1 win"),
        ("می\u200cشود", "می\u200cشود\u200c"),  # a joiner at the end of a word joins nothing
    ],
)
def test_what_nobody_sees_changes_nothing(typed, same):
    assert tokenize(typed) == tokenize(same) != []


@pytest.mark.parametrize("title", ["\u0301", "\u200d\u200c\u200b", "ေမ်ာက္မ်ား", "\udcff x", "𐀀 𞤀𞤁\U0001e944", "ﷺ"])
def test_odd_text_is_read_somehow(title):
    """Zawgyi (Burmese in the order of the eye), lone marks, lone surrogates: no error, and no empty token."""
    assert all(tokenize(title))


def test_english_tokens_are_those_of_a_plain_pattern(mind):
    """Of 61,571 real titles, one holds an accent as a sign of its own: a word that used to be cut there."""
    other = []
    for folder in ("train", "dev"):
        for line in (mind / folder / "news.tsv").read_text(encoding="utf-8").splitlines():
            title = line.split("\t")[3]
            if tokenize(title) != re.findall(r"\w+|[.,!?;|]", title.lower()):
                other.append(title)
    assert len(other) <= 1 and all(title != unicodedata.normalize("NFC", title) for title in other)


# ---------------------------------------------------------------- a corpus in other scripts

HAN = [chr(0x4E00 + 5 * n) for n in range(3000)]
SCRIPTS = {  # the signs, how many begin each word, and what stands between words
    "Chinese": (HAN, 2, ""),
    "Chinese with spaces": (HAN, 2, " "),
    "Tamil": ("கா ங் சி ஞ் டு ணை தொ நீ பூ மே யை ரோ ல் வி".split(), 3, " "),
    "Turkish": ("İ e ş Ğ ü Ö ç a n l r k".split(), 3, " "),
    "decomposed": ("e\u0302\u0301 a\u0323\u0302 o\u031b n tr ch u\u0309 i\u0303".split(), 4, " "),
}


def translate(titles, script):
    """Each word of the titles becomes a made-up word of the script."""
    signs, length, space = SCRIPTS[script]
    draw, made, taken = np.random.default_rng(0), {}, set()

    def word(found):
        name = found[0].lower()
        while name not in made:
            spelled = "".join(signs[n] for n in draw.integers(len(signs), size=length))
            if fold(spelled) not in taken:
                taken.add(fold(spelled))
                made[name] = spelled
        return made[name]

    return [re.sub(r" (?=\w)|(?<=\w) ", space, re.sub(r"\w+", word, title)) for title in titles]


@pytest.mark.parametrize("script", [script for script in SCRIPTS if script != "Chinese"])
def test_words_of_other_scripts_are_words(script):
    """The same vocabulary, word for word."""
    titles = make_demo(seed=1, users=60, news=600, train_impressions=20, dev_impressions=20).news.titles
    other = translate(titles, script)
    ids, same = {}, {}
    for title, translated in zip(titles, other):
        words, signs = tokenize(title), tokenize(translated)
        assert len(words) == len(signs)
        for word, sign in zip(words, signs):
            assert ids.setdefault(word, sign) == sign and same.setdefault(sign, word) == word
    assert len(build_vocabulary(count_words(other), 2)) == len(build_vocabulary(count_words(titles), 2))


@pytest.mark.slow
def test_a_corpus_in_another_script_is_learned_as_well(monkeypatch):
    """Training on the same corpus in other letters, or in characters without spaces, gives the same AUC within .01."""
    demo = make_demo(users=1500, news=6000, train_impressions=3000, dev_impressions=1000, mixed=0)
    config = Config(learning_rate=3e-3, epochs=4, dropout=0.1, heads=4, spread=1.0)
    aucs = {}
    for script in ("Latin", *SCRIPTS):
        titles = demo.news.titles if script == "Latin" else translate(demo.news.titles, script)
        news = News(demo.news.ids, demo.news.categories, titles)
        monkeypatch.setattr(run_data, "make_demo", lambda news=news: replace(demo, news=news))
        prepared = run_data.prepare_data(RunSettings(config, None, None, None))
        word_counts = np.bincount(prepared.train.news_words.values, minlength=len(prepared.table))
        state = TrainingState.start(init_parameters(prepared.table, config, word_counts))
        training.fit(state, prepared.train, prepared.dev, config, lambda record: None)
        aucs[script] = state.best["auc"]
    assert aucs["Latin"] > 0.84
    assert all(abs(auc - aucs["Latin"]) < 0.01 for auc in aucs.values()), aucs
