"""Text matches: how well one text answers another, by BM25 fitted on training rows only.

    score(q, d) = sum over the terms t of q of idf(t) * tf (k1 + 1) / (tf + k1 (1 - b + b |d| / mean |d|))
    idf(t) = ln(1 + (N - n + 1/2) / (n + 1/2))

with N documents of the training rows, n of them holding t, k1 = 1.2 and b = 0.75 (Robertson and
Zaragoza, 2009).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from sqlglot import exp

from truenorth.engine.lowering import Tree, column, text
from truenorth.engine.pipeline import Pipeline
from truenorth.engine.trees import alias, stored
from truenorth.engine.windows import Frame
from truenorth.examples.parts import SPLIT
from truenorth.features.contract import feature_column
from truenorth.features.own import Row
from truenorth.features.trailing import with_default
from truenorth.framing.features import Feature

K1, B = 1.2, 0.75
_WORD = re.compile(r"\w+")


def add_match(
    pipeline: Pipeline, frame: Frame, name: str, features: Mapping[str, Feature], row: Row, *, has_split: bool
) -> Frame:
    """Return the frame with a feature that compares two texts; without a split all rows are training rows."""
    feature = features[name]
    sides = [_side(part, features, row) for part in feature.match]
    return _add_match(pipeline, frame, name, feature, sides, has_split=has_split)


def _side(name: str, features: Mapping[str, Feature], row: Row) -> Tree:
    return column(feature_column(name)) if name in features else row(name)


def _add_match(
    pipeline: Pipeline, frame: Frame, name: str, feature: Feature, sides: list[Tree], *, has_split: bool
) -> Frame:
    relation = f"{pipeline.prefix}_match_{name}"
    query_text, document = (exp.cast(side.copy(), "VARCHAR") for side in sides)
    if not pipeline.is_dry:
        _register_scores(pipeline, frame, relation, query_text, document, has_split=has_split)
    joined = exp.and_(
        exp.EQ(this=exp.cast(_of(sides[0]), "VARCHAR"), expression=column("query", "m")),
        exp.EQ(this=exp.cast(_of(sides[1]), "VARCHAR"), expression=column("document", "m")),
    )
    score = alias(with_default(feature, column("score", "m")), feature_column(name))
    query = frame.select(score, table="f").join(stored(relation, "m"), on=joined, join_type="LEFT")
    reason = f"feature {name}: BM25 of distinct pairs of texts, document frequencies from training rows"
    return pipeline.then(query, (*frame.columns, feature_column(name)), reason=reason)


def _of(side: Tree) -> Tree:
    return side.copy().transform(
        lambda node: column(node.name, "f") if isinstance(node, exp.Column) else node
    )


def _register_scores(
    pipeline: Pipeline, frame: Frame, relation: str, query_text: Tree, document: Tree, *, has_split: bool
) -> None:
    import pyarrow as pa

    rows = exp.select(alias(query_text, "query"), alias(document, "document")).distinct()
    rows = rows.from_(stored(frame.name))
    pairs = pipeline.engine.fetch(rows)
    training = rows.copy().where(exp.EQ(this=column(SPLIT), expression=text("train"))) if has_split else rows
    fitted = Bm25(pipeline.engine.fetch(training)["document"].to_pylist())
    scores = [fitted.score(one["query"], one["document"]) for one in pairs.to_pylist()]
    pipeline.engine.register(relation, pairs.append_column("score", pa.array(scores, pa.float64())))


def terms(document: str | None) -> list[str]:
    """Return the lower-case words of a text.

    Examples:
        >>> terms("Red wool-hat")
        ['red', 'wool', 'hat']
    """
    return _WORD.findall((document or "").lower())


class Bm25:
    """Okapi BM25 with document frequencies of the texts that it was fitted on.

    Args:
        documents: Texts of the training rows; equal texts count once.

    Examples:
        >>> fitted = Bm25(["red hat", "blue hat", "green coat"])
        >>> fitted.score("red hat", "red hat") > fitted.score("red hat", "blue hat") > 0
        True
    """

    def __init__(self, documents: Iterable[str | None]) -> None:
        tokenised = [terms(document) for document in {document for document in documents if document}]
        self.n_documents_ = len(tokenised)
        self.mean_length_ = sum(map(len, tokenised)) / max(len(tokenised), 1)
        self.n_holding_ = Counter(term for words in tokenised for term in set(words))

    def score(self, query: str | None, document: str | None) -> float | None:
        """Return how well the document answers the query, at least 0; None where one is missing."""
        if query is None or document is None:
            return None
        words = Counter(terms(document))
        length = sum(words.values()) / (self.mean_length_ or 1.0)
        return sum(self._term(term, words[term], length) for term in terms(query) if words[term])

    def _term(self, term: str, frequency: int, length: float) -> float:
        n = self.n_holding_[term]
        idf = math.log1p((self.n_documents_ - n + 0.5) / (n + 0.5))
        return idf * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length))
