"""Texts as TF-IDF of words and of letters, from a vocabulary that is written as JSON.

Counting is scikit-learn's and keeps no state; weights are computed here, so that a text means the same after
the vocabulary was read back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from truenorth.engine.vectors import Vector
from truenorth.models.contract import Floats

MAX_TERMS = 120_000
"""Most terms of one kind; the most frequent are kept."""
FEW_TEXTS = 3_000
"""Rows below which a term that occurs once is kept; else it must occur three times."""
WORDS = {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}
LETTERS = {"analyzer": "char_wb", "ngram_range": (2, 5)}


@dataclass(frozen=True)
class TextBlock:
    """One text as TF-IDF: 1- and 2-grams of words beside 2- to 5-grams of letters within words."""

    feature: str
    words: tuple[str, ...] = field(repr=False)
    letters: tuple[str, ...] = field(repr=False)
    idf: tuple[float, ...] = field(repr=False)
    """Weight of each term: words, then letters."""

    @property
    def names(self) -> list[str]:
        """What the columns are, in words."""
        said = [f"{self.feature} says {term!r}" for term in self.words]
        return said + [f"{self.feature} holds {term!r}" for term in self.letters]

    def transform(self, vector: Vector) -> sparse.csr_matrix:
        """Return the columns, shape (n, terms); NULL and texts without a known term have only zeros."""
        texts, codes = _texts(vector)
        parts, start = [], 0
        for counter, terms in zip(self._counters, (self.words, self.letters), strict=True):
            idf = np.asarray(self.idf[start : start + len(terms)])
            parts.append(_tf_idf(_count(texts, counter, len(terms)), idf))
            start += len(terms)
        whole = sparse.vstack([sparse.hstack(parts), sparse.csr_matrix((1, start))], format="csr")
        return sparse.csr_matrix(whole[codes])

    @cached_property
    def _counters(self) -> tuple[Any, Any]:
        """Vectorizers of words and of letters: indexing the terms costs more than counting one text."""
        return _counter(self.words, WORDS), _counter(self.letters, LETTERS)

    @classmethod
    def fit(cls, feature: str, vector: Vector) -> TextBlock:
        """Learn the terms of training texts and how rare each is."""
        texts, codes = _texts(vector)
        seen = np.bincount(codes[codes >= 0], minlength=len(texts)).astype(np.float64)
        n = seen.sum()
        kinds, idf = [], []
        for how in (WORDS, LETTERS):
            terms, holding = _vocabulary(texts, seen, how)
            kinds.append(terms)
            idf.append(np.log((1.0 + n) / (1.0 + holding)) + 1.0)
        return cls(feature, kinds[0], kinds[1], tuple(np.concatenate(idf).tolist()))


def _texts(vector: Vector) -> tuple[list[str], Any]:
    levels = [] if vector.levels is None else [str(level) for level in vector.levels]
    codes = vector.values if vector.levels is not None else np.full(len(vector), -1)
    return levels, codes


def _vocabulary(texts: list[str], seen: Floats, how: dict[str, Any]) -> tuple[tuple[str, ...], Floats]:
    """Return the most frequent terms, sorted, and the number of rows that hold each."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not texts or not seen.any():
        return (), np.empty(0)
    counter = CountVectorizer(**how, binary=True)
    try:
        held = counter.fit_transform(texts)
    except ValueError:  # no text holds a term
        return (), np.empty(0)
    terms = counter.get_feature_names_out()
    holding = np.asarray(seen @ held).ravel()
    smallest = 1 if seen.sum() < FEW_TEXTS else 3
    order = np.lexsort((terms, -holding))[:MAX_TERMS]
    kept = np.sort(order[holding[order] >= smallest])
    return tuple(str(term) for term in terms[kept]), holding[kept]


def _counter(terms: tuple[str, ...], how: dict[str, Any]) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(**how, vocabulary=list(terms)) if terms else None


def _count(texts: list[str], counter: Any, n_terms: int) -> sparse.csr_matrix:
    if counter is None or not texts:
        return sparse.csr_matrix((len(texts), n_terms))
    return sparse.csr_matrix(counter.transform(texts).astype(np.float64))


def _tf_idf(counts: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
    """Return (1 + ln count) * idf, each row scaled to length 1."""
    weighted = counts.copy()
    weighted.data = (1.0 + np.log(weighted.data)) * idf[weighted.indices]
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.where(length > 0.0, length, 1.0), np.diff(weighted.indptr))
    return weighted
