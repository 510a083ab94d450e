"""Wrong blank pages: (function that is refused, line of the solution, what a learner might have written there)."""

WRONG = [
    # forward
    ("click_scores", "titles[candidates], users)", "titles[candidates], users) / titles.shape[1] ** 0.5"),
    (
        "click_loss",
        "return -logarithms[:, 0].mean(), dscores / len(scores)",
        "return -logarithms[:, 0].mean(), dscores",
    ),
    (
        "click_loss",
        "shifted = scores - scores.max(axis=1, keepdims=True)",
        "shifted = scores - scores.mean(axis=1)[:, None]",
    ),
    # a title that is shown twice keeps one of its two gradients
    (
        "click_scores_backward",
        "np.add.at(dtitles, candidates, dscores[:, :, None] * users[:, None])",
        "dtitles[candidates] += dscores[:, :, None] * users[:, None]",
    ),
    # heads in blocks of columns
    (
        "self_attention_forward",
        "columns.reshape(len(columns), columns.shape[1] // heads, heads).transpose(2, 0, 1)",
        "columns.reshape(len(columns), heads, columns.shape[1] // heads).transpose(1, 0, 2)",
    ),
    ("self_attention_forward", "scale = 1.0 if weight_key is None else", "scale ="),  # the paper's form has no scale
    ("self_attention_backward", "dlogits = scale * alpha", "dlogits = alpha"),
    (
        "self_attention_backward",
        "axis=-1, keepdims=True))\n        dkey_at",
        "axis=-2, keepdims=True))\n        dkey_at",
    ),
    (
        "self_attention_backward",
        "dkey_at.sum(axis=0, keepdims=True)",
        "dkey_at[:1]",
    ),  # one head's gradient of a shared key
    # a word twice in a title
    ("self_attention_backward", "np.add.at(total, (slice(None), at), part)", "total[:, at] += part"),
    # the key of the bilinear form is the row itself
    ("self_attention_backward", "return drows + dkey[0], rows.T", "return drows, rows.T"),
    (
        "additive_attention_forward",
        "alpha[start:end] = softmax(logits[start:end])",
        "alpha[start:end] = softmax(logits)[start:end]",
    ),
    (
        "additive_attention_backward",
        "dx = alpha[:, None] * dout[sets] + dinside @ weight.T",
        "dx = alpha[:, None] * dout[sets]",
    ),
    ("additive_attention_backward", "(1 - hidden**2)", "(1 - hidden)"),
    # an empty list shifts all later ones
    (
        "additive_attention_backward",
        "np.repeat(np.arange(len(dout)), np.diff(offsets))",
        "np.cumsum(np.isin(np.arange(len(x)), offsets[1:-1]))",
    ),
    ("encode_backward", "return drows, *dattention, *dpooling", "return drows, *dpooling, *dattention"),
    ("loss_and_gradients", "dtitles_shown + dtitles_read", "dtitles_shown"),
    ("loss_and_gradients", 'rows = params["embedding"][words]', 'rows = params["embedding"][: len(words)]'),
    ("adam_step", "(np.sqrt(square) + 1e-8)", "np.sqrt(square + 1e-8)"),
    ("adam_step", "first / (1 - 0.9**step)", "first"),
    # moments of rows that are not in the batch fade too
    ("adam_step_of_rows", "    table[words], first[words]", "    first *= 0.9\n    table[words], first[words]"),
]
