"""MIND's leaderboard file: a zip whose prediction.txt holds the ranks of each impression's candidates (chapter 12)."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from ..data.files import write_file
from ..data.mind import texts
from ..errors import InputError
from ..metrics import rank_candidates
from ..ragged import Ragged
from .mpi import ALONE, Ranks


def write_prediction(
    path: Path,
    impression_ids: np.ndarray,
    candidates: Ragged,
    scored: Iterable[tuple[int, int, np.ndarray]],
    mpi_ranks: Ranks = ALONE,
) -> None:
    """Write ``id [r1,r2,...]`` for each impression, in file order: the rank of each candidate, in candidate order.

    Ranks are unique, from 1 for the best (``metrics.rank_candidates``). ``scored`` yields first, end and the scores of
    impressions first..end-1, as ``inference.score_pieces`` does; each is written as it comes. ``path`` appears when the
    file is complete. Raises InputError for an impression id that the format cannot hold. Of several MPI ranks rank 0
    writes.
    """

    def lines(scored: tuple[int, int, np.ndarray]) -> bytes:
        first, last, scores = scored
        piece = candidates.take(np.arange(first, last))
        ranks, offsets, written = rank_candidates(scores, piece, first), piece.offsets.tolist(), []
        form = [str(rank) for rank in range(ranks.max(initial=0) + 1)]  # a few hundred: cheaper than str of each
        formatted = [form[rank] for rank in ranks.tolist()]
        for impression_id, start, end in zip(texts(impression_ids[first:last]), offsets, offsets[1:]):
            if impression_id.split() != [impression_id]:
                raise InputError(f"impression id {impression_id!r}: the prediction file needs one, and without spaces")
            written.append(f"{impression_id} [{','.join(formatted[start:end])}]\n")
        return "".join(written).encode()

    def write(file: BinaryIO) -> None:
        member = ZipInfo("prediction.txt", (1980, 1, 1, 0, 0, 0))  # a fixed date: the same ranks give the same bytes
        member.compress_type = ZIP_DEFLATED
        member.create_system = 3  # Unix, on every system
        member.external_attr = 0o644 << 16
        with ZipFile(file, "w") as archive, archive.open(member, "w", force_zip64=True) as text:
            text.writelines(pieces)

    pieces = mpi_ranks.map(lines, scored)
    if mpi_ranks.rank == 0:
        return write_file(path, write)
    for _ in pieces:  # makes its part of them
        pass
