"""NRMS, the news recommender of Wu et al. (EMNLP 2019), from scratch in NumPy and Numba.

The names below are what a notebook needs. The model, learning and judging are the files on this level and in layers/:
the core, which knows of no file. data/ leads from files to arrays, and app/ is everything around a model. Where a file
names a chapter, it is that of tutorials/.

reading order:

   1. config.py                      61 lines  every setting
   2. rng.py                         14 lines  every random draw by its name
   3. ragged.py                     154 lines  lists of lists in two arrays
   4. batch.py                       43 lines  three lists of indices: every thing once
   5. parallel.py                    96 lines  loops on all cores
   6. layers/embedding.py            20 lines  look up word vectors
   7. layers/dropout.py              43 lines  drop and scale
   8. layers/softmax.py              59 lines  for both attentions
   9. layers/self_attention.py      146 lines  words look at each other
  10. layers/attention_pairs.py     123 lines  its loops over pairs of words
  11. layers/additive_attention.py  115 lines  many vectors into one
  12. layers/mean.py                 43 lines  the same without attention
  13. layers/loss.py                 57 lines  scores, softmax, loss
  14. encoder.py                     76 lines  the encoder that NRMS uses twice
  15. model.py                      163 lines  the five lines, and their gradient
  16. gradcheck.py                  205 lines  the proof of every gradient
  17. adam.py                        77 lines  the optimiser
  18. clicks.py                      88 lines  clicks and their negatives
  19. fit.py                        169 lines  epochs and early stopping
  20. inference.py                  144 lines  scores for any reader
  21. metrics.py                     85 lines  AUC, MRR, nDCG
  22. errors.py                      16 lines  what can go wrong

end of the reading order
"""

from . import app as app  # first: what it keeps of compiled kernels is asked for when they are made
from .adam import AdamState, adam_step
from .app import cli as cli
from .app import threads
from .app.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .app.evaluation import write_prediction
from .app.recommender import Recommender
from .batch import Batch, cut_histories, cut_titles, make_batch
from .clicks import Split, draw_candidates, find_clicks
from .config import Config
from .data.demo import make_demo
from .data.mind import prepare
from .data.read_folder import read_folder
from .data.vectors import make_table, read_vectors
from .data.vocabulary import Vocabulary, build_vocabulary
from .errors import InputError
from .fit import TrainingState, fit, train_step, validate
from .inference import encode_news, read_attention, score_impressions, score_pieces
from .metrics import evaluate_scores
from .model import draw_masks, forward, init_parameters, loss_and_gradients
from .ragged import Ragged
from .rng import generator

__version__ = "0.2.0"
# by subject: every file, a batch, the model, training, judging, data, runs
__all__ = ["Config", "InputError", "Ragged", "generator"]
__all__ += ["Batch", "cut_histories", "cut_titles", "make_batch"]
__all__ += ["draw_masks", "forward", "init_parameters", "loss_and_gradients"]
__all__ += ["AdamState", "Split", "TrainingState", "adam_step", "draw_candidates", "find_clicks", "fit", "train_step"]
__all__ += ["encode_news", "evaluate_scores", "read_attention", "score_impressions", "score_pieces", "validate"]
__all__ += ["Vocabulary", "build_vocabulary", "make_demo", "make_table", "prepare", "read_folder", "read_vectors"]
__all__ += ["Checkpoint", "Recommender", "load_checkpoint", "save_checkpoint", "write_prediction"]

threads.use()
