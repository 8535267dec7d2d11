"""Which unlabelled images are worth a reader's time: pure functions from what a model saw in them to an order, best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError


@dataclass(frozen=True, eq=False)
class Candidate:
    """An image without a final label.

    Attributes:
        image: its name.
        weak: whether a reader has marked it cheaply (a point, a size), without a mask.
        uncertainty: how unsure the model is of what it finds at the mark, in [0, 1]; None when nothing was looked at.
        features: what the network makes of the finding, a vector; None likewise.
        disagreement: how far the answers of model versions, or the labels of annotators, lie apart, in [0, 1]; None when there are
            no two of them.
    """

    image: str
    weak: bool = False
    uncertainty: float | None = None
    features: NDArray[np.float32] | None = None
    disagreement: float | None = None


def by_uncertainty(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The least sure first; what was not looked at comes last, by name."""
    return tuple(one.image for one in sorted(candidates, key=_unsure))


def weak_first(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Images with a cheap mark but no mask first, the least sure of them at the front."""
    return tuple(one.image for one in sorted(candidates, key=lambda one: (not one.weak, *_unsure(one))))


def by_disagreement(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Where versions or annotators differ most first (query by committee, Seung 1992); the rest as by uncertainty."""

    def place(one: Candidate) -> tuple[bool, float, bool, float, str]:
        return one.disagreement is None, -(one.disagreement or 0.0), *_unsure(one)

    return tuple(one.image for one in sorted(candidates, key=place))


def by_surprise(candidates: Sequence[Candidate], labelled: Sequence[NDArray[np.float32]] = ()) -> tuple[str, ...]:
    """What is least to be expected from the labelled images first.

    The anomaly score is the Mahalanobis distance of an image's features from those of the labelled images, or from those of all
    candidates while fewer than two have labels (Lee 2018). Features outnumber images, so their covariance is shrunk
    (Ledoit and Wolf 2004); with few images that comes close to the plain distance from the mean.

    Args:
        candidates: those without features come last, by name.
        labelled: features of images that have labels.

    Raises:
        InputError: vectors of different lengths.
    """
    return _by_features(candidates, labelled, _surprising)


def anomaly(points: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mahalanobis distances (n,) of points (n, features) from the mean of ``known`` (m, features), covariance shrunk."""
    from sklearn.covariance import ledoit_wolf

    away = points - known.mean(axis=0)
    covariance, _ = ledoit_wolf(known)
    # Features that never vary would divide by zero.
    least = 1e-6 * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    inner = np.linalg.solve(covariance + least * np.eye(len(covariance)), away.T).T
    return np.asarray(np.sqrt(np.maximum((away * inner).sum(axis=1), 0)))


def by_diversity(candidates: Sequence[Candidate], labelled: Sequence[NDArray[np.float32]] = ()) -> tuple[str, ...]:
    """Each next image is the one that is least like all labelled and chosen ones (core-set: greedy k-centre, Sener 2018).

    Args:
        candidates: those without features come last, by name.
        labelled: features of images that have labels; without any, the first is the one nearest to the middle of all.

    Raises:
        InputError: vectors of different lengths.
    """
    return _by_features(candidates, labelled, _spread)


def _by_features(
    candidates: Sequence[Candidate],
    labelled: Sequence[NDArray[np.float32]],
    order: Callable[[NDArray[np.float64], NDArray[np.float64]], Sequence[int]],
) -> tuple[str, ...]:
    """Those with features as ``order`` puts them; behind them the others, by name.

    Args:
        candidates: with features or without.
        labelled: features of images that have labels.
        order: takes the features of the candidates, by name, and of the labelled, and gives indices of candidates.
    """
    seen = sorted(((one.image, one.features) for one in candidates if one.features is not None), key=itemgetter(0))
    rest = sorted(one.image for one in candidates if one.features is None)
    if not seen:
        return tuple(rest)
    points = _matrix([features for _, features in seen])
    return (*(seen[index][0] for index in order(points, _known(labelled, points))), *rest)


def _known(labelled: Sequence[NDArray[np.float32]], points: NDArray[np.float64]) -> NDArray[np.float64]:
    known = _matrix(labelled) if len(labelled) else np.empty((0, points.shape[1]), np.float64)
    if known.shape[1] != points.shape[1]:
        raise InputError(
            "features of different networks are mixed",
            got=f"{known.shape[1]} and {points.shape[1]} numbers",
            expected="the same length",
        )
    return known


def _surprising(points: NDArray[np.float64], known: NDArray[np.float64]) -> list[int]:
    scores = anomaly(points, known if len(known) > 1 else points)
    return sorted(range(len(points)), key=lambda index: -scores[index])


def _spread(points: NDArray[np.float64], known: NDArray[np.float64]) -> list[int]:
    if len(known):
        nearest = np.linalg.norm(points[:, None] - known[None], axis=2).min(axis=1)
    else:
        # The first is the most typical one; nothing is near anything before that.
        nearest = -np.linalg.norm(points - points.mean(axis=0), axis=1)
    left, order = set(range(len(points))), list[int]()
    while left:
        chosen = max(left, key=lambda index: (nearest[index], -index))
        left.remove(chosen)
        away = np.linalg.norm(points - points[chosen], axis=1)
        nearest = away if not order and not len(known) else np.minimum(nearest, away)
        order.append(chosen)
    return order


def _matrix(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    lengths = {len(vector) for vector in vectors}
    if len(lengths) != 1:
        raise InputError("features of different networks are mixed", got=str(sorted(lengths)), expected="one length")
    return np.stack(vectors).astype(np.float64)


def _unsure(one: Candidate) -> tuple[bool, float, str]:
    return one.uncertainty is None, -(one.uncertainty or 0.0), one.image
