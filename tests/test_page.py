"""The page of ``python -m nrms_np.explain`` in a real browser: right numbers, any title, any width, no request.

fixtures/axe.min.js is axe-core 4.14.1 of Deque Systems (Mozilla Public License 2.0), which tests accessibility.
"""

import re
import shutil
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np
import pytest

from nrms_np.app.explanation import explain, write_page
from nrms_np.app.recommender import Recommender
from nrms_np.data.demo import make_demo
from nrms_np.encoder import side_weights
from nrms_np.inference import encode, encode_news
from nrms_np.ragged import Ragged
from tests.helpers import random_checkpoint

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the browser extra)")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if not CHROMIUM:
    pytest.skip("there is no Chromium on this machine", allow_module_level=True)

AXE = (Path(__file__).parent / "fixtures" / "axe.min.js").read_text(encoding="utf-8")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
HISTORY = ["N1", "A castle that nobodyknows", "N3", "N1", "N40"]
CANDIDATES = ["N9", "Wipers, wipers and one storm", "N30", "N31"]
NASTY = [
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>",
    "\"Quotes\" & 'more' of them </script> `${1}` \\",
    "x" * 10_000,
    "a word and " * 1_000,
    "\u0627\u0644\u0639\u0627\u0635\u0641\u0629 \u062a\u063a\u0644\u0642 \u0627\u0644\u0645\u064a\u0646\u0627\u0621",
    "\u66b4\u98ce\u96e8\u5173\u95ed\u4e86\u6e2f\u53e3\uff0c\u8239\u53ea\u505c\u822a",
    "\u202eright to left override\u202c",
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        one.close()


@pytest.fixture(scope="module")
def demo():
    return make_demo(seed=2, users=20, news=500, train_impressions=20, dev_impressions=5)


@pytest.fixture(scope="module")
def recommender(demo):
    one = Recommender(random_checkpoint(demo.news.titles, "qkv"))
    one.set_catalogue(demo.news.ids, demo.news.titles)
    return one


@pytest.fixture(scope="module")
def explanation(recommender):
    return explain(recommender, HISTORY, CANDIDATES)


@pytest.fixture
def show(browser, tmp_path):
    """Write an explanation, open it, and check at the end that nothing was logged and nothing was asked for."""
    logged, asked, contexts = [], [], []
    path = tmp_path / "page.html"

    def open_page(explanation, width=1280, scheme="light"):
        write_page(explanation, path)
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: logged.append(message.text))
        page.on("pageerror", lambda error: logged.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector(".click")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert logged == []
    assert set(asked) == {path.as_uri()}


def values(page, selector):
    """The numbers that an element shows, with all digits."""
    return page.eval_on_selector_all(f"{selector} data", "all => all.map((one) => Number(one.value))")


def variables(page, selector, name):
    """A number of the style of each element."""
    return page.eval_on_selector_all(selector, f"all => all.map((one) => Number(one.style.getPropertyValue('{name}')))")


def near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def check_numbers(page, explanation, c):
    """Everything that the page shows of candidate c."""
    near(values(page, "#list"), np.stack([explanation.scores, explanation.probabilities], axis=1).ravel())
    near(values(page, "#title .words"), explanation.candidates[c].effects[c])
    near(values(page, "#title .scale"), [explanation.candidates[c].effects[c].sum()])
    shown = [[*np.ravel(values(page, f".click:nth-child({j + 1})"))] for j in range(len(explanation.clicks))]
    for j, click in enumerate(explanation.clicks):
        effects = click.effects[c]
        near(shown[j], [*effects, explanation.parts[c, j], explanation.changed_scores[j, c], effects.sum()])
    near(values(page, "#sum"), [explanation.scores[c]] * 2)
    near(values(page, "#model"), [numbers[c] for numbers in explanation.first_numbers.values()])


def test_the_numbers_are_those_of_explain(show, explanation):
    page = show(explanation)
    check_numbers(page, explanation, 0)
    for c in (2, 1):
        page.locator(".candidate").nth(c).click()
        check_numbers(page, explanation, c)
    page.keyboard.press("ArrowDown")  # from candidate 1 to 2
    check_numbers(page, explanation, 2)


def test_leave_one_out_is_what_the_encoder_says(show, explanation, recommender):
    page = show(explanation)
    params = {name: one.astype(np.float64) for name, one in recommender.params.items()}
    config = recommender.config
    titles = [one.title for one in [explanation.candidates[0], *explanation.clicks]]
    vectors = encode_news(params, recommender._words(titles), config)
    for j in range(len(HISTORY)):
        rest = Ragged.from_lists([[k + 1 for k in range(len(HISTORY)) if k != j]])
        user = encode(vectors, rest, side_weights(params, "user"), config.heads)[0]
        without = page.locator(f".click:nth-child({j + 1}) > .numbers:not(.own) data").nth(1)
        assert float(without.get_attribute("value")) == pytest.approx(vectors[0] @ user, abs=1e-6)


def test_every_word_and_every_title_is_there(show, explanation):
    page = show(explanation)
    texts = page.eval_on_selector_all(".candidate .title", "all => all.map((one) => one.textContent)")
    assert texts == [one.title for one in explanation.candidates]
    words = page.eval_on_selector_all("#history .word", "all => all.map((one) => one.firstChild.textContent)")
    assert words == [word for click in explanation.clicks for word in click.words]
    unknown = page.eval_on_selector_all("#history .unknown", "all => all.map((one) => one.firstChild.textContent)")
    assert "nobodyknows" in unknown and len(unknown) == sum(len(click.unknown) for click in explanation.clicks)
    assert "hatched: 1 unknown word" in page.locator(".click:nth-child(2)").inner_text()
    shapes = page.eval_on_selector_all("[data-shape]", "all => all.map((one) => one.textContent)")
    assert shapes == [str(list(shape)) for shape in explanation.shapes.values()]


def test_a_word_is_as_dark_as_its_effect(show, explanation):
    page = show(explanation)
    effects = explanation.candidates[0].effects[0]
    for i, effect in enumerate(effects):
        word = page.locator("#title .word").nth(i)
        color = word.evaluate("one => getComputedStyle(one).backgroundColor")
        red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", color))
        assert ((red, green, blue) == (38, 110, 180)) == (effect >= 0)
        assert alpha[0] == pytest.approx(0.5 * abs(effect) / np.abs(effects).max(), abs=0.006)  # 8 bits


def percents(title, h, i):
    mean_first = np.concatenate([title.attention.mean(axis=0)[None], title.attention])
    return np.rint(100 * mean_first[h, i]).astype(int).tolist()


def shown_percents(page, selector):
    texts = page.locator(f"{selector} .percent").all_inner_texts()
    return [int(text.rstrip("%")) for text in texts]


def test_pointing_at_a_word_shows_where_it_looks(show, explanation):
    page, title = show(explanation), explanation.candidates[0]
    assert not page.locator("#look").is_visible()
    for i in (1, 2):
        page.locator("#title .word").nth(i).hover()
        assert shown_percents(page, "#title") == percents(title, 0, i)
        heads = range(1 + len(title.attention))
        assert variables(page, "#heads i", "--percent") == [share for h in heads for share in percents(title, h, i)]
        says = page.locator("#says").inner_text()
        assert says.startswith(f"{title.words[i]}: effect ") and "The mean of 3 heads takes " in says
    page.mouse.move(5, 5)
    assert not page.locator("#look").is_visible() and page.locator(".looking").count() == 0


def test_the_keyboard_reaches_every_word_and_head(show, explanation):
    page, click = show(explanation), explanation.clicks[1]
    page.get_by_role("group", name="Words of click 2").locator(".word").first.focus()
    assert "mean of 3 heads" in page.locator("#says").inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.firstChild.textContent") == click.words[1]
    says = page.locator("#says").inner_text()
    assert "Head 2 of 3 takes " in says
    most = max(percents(click, 2, 1))
    assert f"takes {most}% " in says
    for key in ("ArrowUp", "ArrowUp", "ArrowUp"):  # round, from the mean to the last head
        page.keyboard.press(key)
    assert "Head 3 of 3" in page.locator("#says").inner_text()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.firstChild.textContent") == click.words[0]
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.firstChild.textContent") == click.words[0]
    page.keyboard.press("Escape")
    assert not page.locator("#look").is_visible()


def test_an_unknown_word_says_so(show, explanation):
    page = show(explanation)
    page.locator("#history .unknown").first.hover()
    assert "Unknown: all unknown words share one row." in page.locator("#says").inner_text()


def test_without_a_click_everything_stands_beside(show, explanation):
    page = show(explanation)
    near(values(page, ".then"), [])
    page.locator(".candidate").nth(1).click()
    page.get_by_role("button", name="Leave out click 3").click()
    changed = np.stack([explanation.changed_scores[2], explanation.changed_probabilities[2]], axis=1)
    near(values(page, ".then"), changed.ravel())
    near(values(page, "#what-if"), [explanation.changed_scores[2, 1], explanation.scores[1]])
    places = np.argsort(np.argsort(-explanation.changed_scores[2], kind="stable"), kind="stable") + 1
    for c, then in enumerate(page.locator(".then").all_inner_texts()):
        assert then.endswith(f"place {places[c]}")
    assert "gone" in page.locator(".click:nth-child(3)").get_attribute("class")
    page.get_by_role("button", name="As it was").click()
    assert values(page, ".then") == [] and page.locator(".gone").count() == 0


def test_shuffling_changes_nothing(show, explanation):
    page, n = show(explanation), len(HISTORY)
    for s in (n, n + 1, n + 2, n):
        page.get_by_role("button", name="Shuffle the clicks").click()
        says = page.locator("#what-if").inner_text()
        assert "In the order " + " ".join(str(j + 1) for j in explanation.orders[s]) in says
        assert "No score differs by more than 0.000000: attention does not know order." in says
        near(values(page, ".then")[::2], explanation.scores)


def test_additive_weights_on_demand(show, explanation):
    page, title = show(explanation), explanation.candidates[0]
    assert not page.locator("#title .weight").first.is_visible()
    page.get_by_role("button", name="Additive weights").click()
    shown = [float(text.rstrip("%")) for text in page.locator("#title .weight").all_inner_texts()]
    np.testing.assert_allclose(shown, 100 * title.additive, atol=0.51)
    bars, marks = (np.array(variables(page, "#title .word", name)) for name in ("--weight", "--equal"))
    near(bars, title.additive / title.additive.max())
    near(marks, 1 / len(title.words) / title.additive.max())


@pytest.fixture(scope="module")
def hostile(demo):
    known = [word for title in NASTY for word in title.split()[:1]]  # a click without a known word is left out
    one = Recommender(random_checkpoint([*demo.news.titles, *known], "qkv"))
    ids = [f"T{n}" for n in range(len(NASTY))]
    one.set_catalogue(ids, NASTY)
    return explain(one, ids[:6], ids)


@pytest.mark.parametrize("width", [400, 700, 1000, 1280])
def test_no_horizontal_bar(show, explanation, hostile, width):
    for one in (explanation, hostile):
        page = show(one, width)
        for change in ("#weights", ".click .tool", "#shuffle"):
            page.locator(change).first.click()
            page.locator("#history .word").last.hover()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("#look").bounding_box()["height"] < 400


def test_a_hostile_title_is_text(show, hostile):
    page = show(hostile)
    texts = page.eval_on_selector_all(".candidate .title", "all => all.map((one) => one.textContent)")
    assert texts == [one.title for one in hostile.candidates] and set(texts) == set(NASTY)
    for c in range(len(hostile.candidates)):
        page.locator(".candidate").nth(c).click()
        check_numbers(page, hostile, c)
    assert page.evaluate("window.hacked") is None and page.locator("main img, main script").count() == 0
    assert page.evaluate("document.scripts.length") == 2


def test_right_to_left(show, hostile):
    page = show(hostile)
    words = page.locator(".click:nth-child(5) .word")
    left = [words.nth(i).bounding_box()["x"] for i in range(3)]
    assert left == sorted(left, reverse=True)
    words.first.focus()
    page.keyboard.press("ArrowLeft")  # on, in the direction of reading
    assert page.evaluate("document.activeElement.firstChild.textContent") == hostile.clicks[4].words[1]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_accessibility(show, explanation, hostile, scheme, width):
    for one in (explanation, hostile):
        page = show(one, width, scheme)
        page.evaluate(AXE)
        for selector in (None, "#weights", ".click .tool"):
            if selector:
                page.locator(selector).first.click()
                page.locator("#title .word").first.focus()
            found = page.evaluate("axe.run()")
            assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]] == []
            assert len(found["passes"]) > 15


def test_links_lead_to_the_chapters(show, explanation):
    links = show(explanation).eval_on_selector_all(".chapter", "all => all.map((one) => [one.href, one.dataset.name])")
    assert len(links) > 8
    for url, name in links:
        path = Path(url2pathname(urlparse(url).path))
        assert path.exists() and path.name == f"{name}.md"


def test_dark_is_dark(show, explanation):
    for scheme, dark in (("light", False), ("dark", True)):
        color = show(explanation, scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", color))) < 300) == dark


@pytest.fixture(scope="module")
def long(demo):
    """50 clicks and 10 candidates, as large as the settings of MIND make them."""
    one = Recommender(random_checkpoint(demo.news.titles, "qkv", heads=16, title_length=30, history_length=50))
    one.set_catalogue(demo.news.ids, demo.news.titles)
    return explain(one, demo.news.ids[:50], demo.news.ids[50:60])


@pytest.mark.parametrize("clicks", [5, 50])
def test_prints_on_two_pages(show, explanation, long, clicks):
    page = show(explanation if clicks == 5 else long)
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2


def test_size(long, tmp_path):
    write_page(long, tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 1_000_000
