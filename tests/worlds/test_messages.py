"""The messages world: its true chances are Bayes' rule, and its marks come late and sometimes wrong."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from truenorth.worlds import World, make_world
from truenorth.worlds.messages_words import (
    INTENTS,
    MESSAGE_WORDS,
    TRADE,
    message_distributions,
    posterior,
    question_distributions,
)
from truenorth.worlds.stream import DAY, START_US, generator

DAYS = 42
END = START_US + DAYS * DAY


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("messages") / "w"
    return make_world("messages", folder, seed=5, messages=200, questions=200, days=DAYS, label_noise=0.02)


@pytest.fixture(scope="module")
def messages(world: World) -> pa.Table:
    return pq.read_table(world.log / "messages")


@pytest.fixture(scope="module")
def questions(world: World) -> pa.Table:
    return pq.read_table(world.log / "questions")


def times(table: pa.Table, name: str) -> np.ndarray:
    return table[name].cast(pa.int64()).to_numpy()


def test_marks_are_in_the_log_once_a_day_has_passed(messages: pa.Table, questions: pa.Table):
    for table, time, mark in ((messages, "received_at", "is_spam"), (questions, "asked_at", "intent")):
        at = times(table, time)
        assert np.all(np.diff(at) >= 0)
        assert np.array_equal(table[mark].is_valid().to_numpy(), at + DAY < END)


def test_marks_are_wrong_as_often_as_declared(world: World, messages: pa.Table):
    truth = pq.read_table(world.truth / "messages.parquet")
    is_wrong = pc.not_equal(truth["is_spam"], truth["marked"]).to_numpy()
    assert abs(is_wrong.mean() - 0.02) < 4 * np.sqrt(0.02 * 0.98 / len(is_wrong))
    known = messages["is_spam"].is_valid()
    assert pc.all(pc.equal(messages["is_spam"], truth["marked"]).filter(known)).as_py()


def test_the_spam_probability_is_calibrated_and_sharp(world: World):
    truth = pq.read_table(world.truth / "messages.parquet")
    chance, is_spam = truth["spam_probability"].to_numpy(), truth["is_spam"].to_numpy().astype(float)
    assert abs(is_spam.sum() - chance.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())
    for low, high in ((0.0, 0.05), (0.05, 0.5), (0.5, 0.95), (0.95, 1.0)):
        rows = (chance >= low) & (chance <= high)
        expected = np.sqrt((chance[rows] * (1 - chance[rows])).sum())
        assert abs((is_spam[rows] - chance[rows]).sum()) < 4 * expected + 1, (low, high)
    assert np.mean((chance > 0.5) == is_spam) > 0.95


def test_the_spam_probability_follows_from_the_words_in_the_log(world: World, messages: pa.Table):
    truth = pq.read_table(world.truth / "messages.parquet")
    rate = pq.read_table(world.truth / "senders.parquet")["spam_rate"].to_numpy()
    day = (times(messages, "received_at") - START_US) // DAY
    place = {word: number for number, word in enumerate(MESSAGE_WORDS)}
    for row in range(0, 8_000, 400):
        pushed = generator(5, 1, int(day[row]) // 14).choice(len(TRADE), 6, replace=False)
        good, spam = message_distributions(pushed)
        odds = rate[messages["sender"][row].as_py()]
        odds = odds / (1 - odds)
        # one factor per word, in any order
        for word in messages["text"][row].as_py().split():
            odds *= spam[place[word]] / good[place[word]]
        assert truth["spam_probability"][row].as_py() == pytest.approx(odds / (1 + odds), rel=1e-6)


def test_no_word_stands_twice_in_the_vocabulary():
    assert len(set(MESSAGE_WORDS)) == len(MESSAGE_WORDS)


def test_word_distributions_add_to_one():
    pushed = np.arange(6)
    assert message_distributions(pushed).sum(axis=1) == pytest.approx([1, 1])
    assert question_distributions(tuple(INTENTS)).sum(axis=1) == pytest.approx(1)


def test_posterior_is_bayes_rule_by_hand():
    distributions = np.array([[0.5, 0.5, 0.0], [0.1, 0.4, 0.5]])
    chances = posterior(np.array([0.8, 0.2]), distributions, [np.array([0, 1]), np.array([2])])
    assert chances[0] == pytest.approx([0.2 / 0.208, 0.008 / 0.208])
    assert chances[1].tolist() == [0.0, 1.0]


def test_intents_have_their_true_chances_and_out_of_scope_its_share(world: World):
    truth = pq.read_table(world.truth / "questions.parquet")
    chances = np.array(truth["probabilities"].to_pylist())
    assert chances.shape == (truth.num_rows, len(INTENTS) + 1)
    assert chances.sum(axis=1) == pytest.approx(1)
    names = np.array([*INTENTS, "none"])
    happened = np.array(truth["intent"].to_pylist())[:, None] == names[None, :]
    expected = 4 * np.sqrt((chances * (1 - chances)).sum(axis=0))
    assert np.all(np.abs(happened.sum(axis=0) - chances.sum(axis=0)) < expected)
    assert abs(happened[:, -1].mean() - 0.12) < 4 * np.sqrt(0.12 * 0.88 / len(happened))
    assert 0.75 < np.mean(happened[np.arange(len(happened)), chances.argmax(axis=1)]) < 0.97


def test_campaigns_change_what_spam_talks_about(world: World, messages: pa.Table):
    truth = pq.read_table(world.truth / "messages.parquet")
    campaign = (times(messages, "received_at") - START_US) // DAY // 14
    counts = []
    for number in range(3):
        rows = (campaign == number) & truth["is_spam"].to_numpy()
        words = " ".join(messages["text"].filter(pa.array(rows)).to_pylist()).split()
        counts.append(np.array([words.count(word) for word in TRADE]) / len(words))
    top = [set(np.argsort(one)[-6:]) for one in counts]
    assert top[0] != top[1] != top[2]
