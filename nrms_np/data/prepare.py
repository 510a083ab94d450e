"""From texts to integers, once: what training and evaluation read afterwards is arrays only.

Tutorial: tutorials/01_news_as_numbers.md
"""

from ..batch import cut_titles
from ..clicks import Split, find_clicks
from ..config import Config
from .mind import Behaviors, News
from .vocabulary import Vocabulary


def prepare(news: News, behaviors: Behaviors, vocabulary: Vocabulary, config: Config) -> Split:
    """Encode titles and find the clicks that can train. Raises InputError for unlabelled data."""
    labels = behaviors.known_labels()
    return Split(
        cut_titles(vocabulary.encode_tokens(news.tokens), config),
        behaviors.histories,
        behaviors.candidates,
        labels,
        find_clicks(behaviors.histories, behaviors.candidates, labels),
        len(vocabulary),
    )
