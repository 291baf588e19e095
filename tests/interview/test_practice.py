"""Practice: an empty performance is worth nothing, a ready framing nearly all, each habit raises its flag."""

from __future__ import annotations

import json

import pytest

from tests.interview.seats import ANSWERS, TypedScreen, small_answers, ticking
from truenorth.errors import FramingError
from truenorth.interview import BANK, dump_answers
from truenorth.interview.practice import (
    Remark,
    Transcript,
    judge,
    listen,
    load_transcript,
    result_text,
    transcript_of,
)
from truenorth.interview.practice.coverage import perform
from truenorth.interview.practice.flags import FLAGS
from truenorth.interview.practice.signals import SIGNALS
from truenorth.interview.ready import matched_system, ready_framing
from truenorth.systems import SYSTEMS

each_system = pytest.mark.parametrize("name", SYSTEMS)


def said(*remarks: tuple[str, str] | tuple[str, str, float], prompt: str = "design the news feed ranking"):
    return judge(
        Transcript(
            prompt, tuple(Remark(topic=r[0], said=r[1], seconds=(r[2] if r[2:] else 0)) for r in remarks)
        )
    )


def raised(result) -> set[str]:
    return {flag.name for flag in result.raised}


def verdict(result, name: str) -> bool | None:
    return next(flag.raised for flag in result.flags if flag.name == name)


@each_system
def test_an_empty_performance_is_worth_nothing(name):
    result = judge(Transcript(name), system=name)
    assert [signal.score for signal in result.signals] == [0] * 5
    assert {"no monitoring", "rule of three", "data quality", "batch or online"} <= raised(result)
    assert result.comparison.only_yours == () == result.comparison.both


@each_system
def test_a_ready_framing_is_worth_nearly_all(name):
    result = judge(transcript_of(ready_framing(name).answers, prompt=name), system=name)
    assert all(signal.score >= 85 for signal in result.signals), result
    assert result.score >= 95
    assert result.raised == ()
    assert result.comparison.only_ready == ()


def test_the_five_signals_add_up_to_hundred_each():
    assert len(SIGNALS) == 5
    for checks in SIGNALS.values():
        assert sum(check.points for check in checks) == 100
        assert {question for check in checks for question in check.questions} <= BANK.keys()


def test_every_point_names_its_evidence():
    result = said(("label", "The label is a comment within 2 hours"))
    data = next(signal for signal in result.signals if signal.name == "data judgment")
    assert ("the label", 20, 'said: "label"') in data.earned
    assert data.score + sum(points for _, points in data.missed) == 100


def test_talk_of_a_model_before_goal_and_label_is_a_flag():
    assert verdict(said(("goal", "I would fine-tune BERT on clicks")), "model first") is True
    assert verdict(said(("model", "trees")), "model first") is True
    good = said(("goal", "The goal is return"), ("label", "returned within 7 days"), ("model", "trees"))
    assert verdict(good, "model first") is False
    assert verdict(said(("goal", "The goal is return")), "model first") is None


def test_framing_needs_a_fifth_of_the_time():
    short = said(("goal", "The goal is return", 60), ("model", "trees, in depth", 600))
    enough = said(("goal", "The goal is return", 150), ("model", "trees, in depth", 600))
    assert verdict(short, "little framing") is True
    assert verdict(enough, "little framing") is False
    assert verdict(said(("goal", "The goal is return")), "little framing") is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("The label is a click", True),
        ("We maximise watch time", True),
        ("The label is a click, less what people hide and report", False),
        ("The label is a chargeback", False),
    ],
)
def test_one_gameable_stand_in_needs_a_counterweight(words, expected):
    assert verdict(said(("label", words)), "gameable proxy") is expected


def test_a_score_that_is_a_single_trap_is_a_flag_and_one_with_a_minus_is_not():
    answers = ready_framing("video-feed").answers
    alone = judge(transcript_of(answers.with_answer("objective", "click")), system="video-feed")
    assert "gameable proxy" in raised(alone)
    kept = judge(transcript_of(answers.with_answer("objective", "click - quick_skip")), system="video-feed")
    assert "gameable proxy" not in raised(kept)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a random split into train and test", True),
        ("5-fold: k-fold cross validation", True),
        ("a time-based split, never a random split", False),
        ("we hold out the later weeks by time", False),
        ("nothing about it", None),
    ],
)
def test_dated_data_split_at_random_is_a_flag(words, expected):
    assert verdict(said(("offline", words)), "random split") is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("block above a threshold of 0.5", True),
        ("with a 0.5 threshold", True),
        ("not a threshold of 0.5, but the one that costs least", False),
        ("the threshold follows from the costs", False),
        ("nothing about it", None),
    ],
)
def test_a_threshold_of_one_half_is_a_flag(words, expected):
    assert verdict(said(("policy", words)), "one half") is expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("imbalance", "Fraud is rare, so class weights and average precision"),
        ("data quality", "There are duplicates and missing values"),
        ("batch or online", "Served online, features nightly in batch"),
        ("no monitoring", "We monitor drift and retrain weekly"),
    ],
)
def test_what_was_discussed_is_no_flag(name, words):
    assert verdict(said(("data", words), prompt="detect card fraud"), name) is False
    assert verdict(said(("data", "Payments."), prompt="detect card fraud"), name) is True


def test_the_rule_of_three_names_what_is_missing():
    two = said(("offline", "NDCG offline"), ("online", "an A/B test by user"))
    flag = next(flag for flag in two.flags if flag.name == "rule of three")
    assert flag.raised and flag.evidence == "not said: how it is judged in production"
    three = said(("offline", "NDCG"), ("online", "A/B test"), ("monitoring", "we monitor drift"))
    assert verdict(three, "rule of three") is False


def test_a_rarity_flag_is_not_assessed_for_a_list():
    result = judge(transcript_of(ready_framing("video-feed").answers), system="video-feed")
    assert verdict(result, "imbalance") is None


@pytest.mark.parametrize(
    ("prompt", "system"),
    [
        ("design the news feed ranking", "video-feed"),
        ("detect fraudulent card payments", "card-fraud"),
        ("predict which customers cancel: churn", "churn"),
        ("filter email spam", "spam"),
        ("route support tickets by intent", "intent-routing"),
        ("estimate the time of arrival of a ride", "arrival-time"),
        ("forecast demand for a shop", "demand"),
        ("design a wardrobe", None),
    ],
)
def test_a_prompt_finds_its_system(prompt, system):
    assert matched_system(prompt) == system


def test_the_comparison_says_what_each_decides_alone():
    result = said(
        ("goal", "The goal is weekly return"), ("feature", "cold start: new users get popular items")
    )
    alone = dict(result.comparison.only_yours)
    assert "cold_start" in alone
    assert dict(result.comparison.only_ready)["explore"] == "share, how, temperature"
    assert "goal" in result.comparison.both


def test_a_prompt_like_no_system_is_judged_without_a_comparison():
    result = said(("goal", "The goal is warmth"), prompt="design a wardrobe")
    assert result.comparison is None
    assert "nothing to compare with" in result_text(result)


def test_the_result_is_plain_json_and_says_itself_in_a_line():
    result = said(("goal", "The goal is return", 60))
    json.dumps(result.to_dict(), allow_nan=False)
    assert repr(result).startswith("design the news feed ranking: ")
    assert set(result.to_dict()) == {"prompt", "score", "signals", "flags", "comparison", "seconds"}
    assert {flag["name"] for flag in result.to_dict()["flags"]} == FLAGS.keys()


def test_the_text_names_signals_flags_times_and_comparison():
    text = result_text(said(("goal", "The goal is return", 60), ("model", "a neural network", 300)))
    for part in (
        "problem framing",
        "RAISED       Under 20 %",
        "Time by section",
        "It decides, yours does not",
    ):
        assert part in text


def test_listening_gives_no_hints_and_counts_time_by_section():
    screen = TypedScreen(["The goal is return", "/label", "A comment within 2 hours", "done"])
    transcript = listen("design the feed", screen, ticking(30), minutes=45)
    assert [(remark.topic, remark.said) for remark in transcript.remarks] == [
        ("goal", "The goal is return"), ("label", "A comment within 2 hours"),
    ]  # fmt: skip
    assert set(transcript.seconds) == {"goal", "label"}
    assert not any(question.text in screen.text or question.why in screen.text for question in BANK.values())


def test_listening_ends_with_the_time_and_with_the_input():
    endless = TypedScreen(["word"] * 1000)
    assert len(listen("design it", endless, ticking(30), minutes=2).remarks) < 5
    assert listen("design it", TypedScreen([]), ticking(), minutes=2).remarks == ()


def test_a_stopped_practice_keeps_what_was_said():
    stopped = listen("design it", TypedScreen(["word"], end=KeyboardInterrupt), ticking(), minutes=2)
    assert [remark.said for remark in stopped.remarks] == ["word"]
    assert stopped.was_stopped
    assert not listen("design it", TypedScreen(["word"]), ticking(), minutes=2).was_stopped


def test_a_transcript_comes_from_a_file(tmp_path):
    file = tmp_path / "said.yaml"
    file.write_text(
        "prompt: design the news feed\npractice:\n- {section: goal, said: The goal is return, seconds: 40}\n"
    )
    transcript = load_transcript(file)
    assert transcript == Transcript(
        "design the news feed", (Remark(topic="goal", said="The goal is return", seconds=40.0),)
    )


def test_a_file_of_answers_is_a_transcript_too(tmp_path):
    file = dump_answers(small_answers(), tmp_path / "a.yaml")
    result = judge(load_transcript(file, prompt="detect card fraud"))
    assert result.score > 80 and result.comparison.system == "card-fraud"


@pytest.mark.parametrize(
    "entry",
    ["{section: gaol, said: x}", "{said: 3}", "{section: goal, said: x, seconds: -1}", "words"],
)
def test_a_remark_that_cannot_be_read_is_refused(tmp_path, entry):
    file = tmp_path / "said.yaml"
    file.write_text(f"practice:\n- {entry}\n")
    with pytest.raises(FramingError, match="INTERVIEW007"):
        load_transcript(file)


def test_an_unknown_system_is_refused():
    with pytest.raises(FramingError, match="SYSTEM001"):
        judge(Transcript("x"), system="feeds")


def test_a_strong_answer_in_free_words_scores_high_and_raises_nothing():
    result = judge(load_transcript(ANSWERS.with_name("strong-feed.yaml")))
    assert result.score >= 85, result_text(result)
    assert raised(result) <= {"imbalance"}


def test_a_weak_answer_in_free_words_scores_low_and_raises_what_it_should():
    result = said(
        ("model", "A two-tower transformer with logistic regression on top, optimised for clicks", 600.0),
        ("offline", "A random split and a threshold of 0.5", 60.0),
    )
    assert result.score < 20, result_text(result)
    assert raised(result) >= {
        "model first", "little framing", "gameable proxy", "data quality", "batch or online", "random split",
        "one half", "no monitoring", "rule of three",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("logistic regression", "sources"),
        ("log loss", "kpi_name"),
        ("watch time", "track"),
        ("likely", "negative_signs"),
    ],
)
def test_a_word_is_not_found_in_another(words, question):
    assert question not in perform(Transcript("", (Remark(topic="label", said=words),))).covered
