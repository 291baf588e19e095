"""The closed description of the messages world, written from the constants that the simulation uses."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from truenorth.worlds import messages_words as words

DESCRIPTION = f"""\
Messages
- There are twice as many senders as messages in a day, all equally busy; a share 0.15 spams: their messages are spam with probability 0.75, those of others with 0.01.
- A message has 7 + Poisson(6) words, each drawn by itself: a word of trade with probability {words.HAM_TRADE:g} (spam: {words.SPAM_TRADE:g}), else an everyday word. \
Everyday words: half in proportion to 1 / rank, half alike. Words of trade: alike; in spam a share {words.CAMPAIGN_SHARE:g} of them is one of the {words.CAMPAIGN_WORDS} words of the campaign, which changes every 14 days.
- spam_probability is the chance of spam given the sender's rate, the campaign and the words: Bayes' rule on the distributions above.
- People mark every message one day later; a mark is wrong with probability `label_noise`.

Questions
- Out of scope with probability 0.12, then one of {len(words.HIDDEN)} hidden subjects, alike; else one of the `intents` desks, alike.
- A question has 2 + Poisson(2) words of content: with probability {words.OWN_SHARE:g} a word of its subject, in proportion to 1 / rank, else one of {len(words.GENERAL)} general words, alike. \
An opening and a closing are added that say nothing about the subject.
- probabilities: the chance of every intent, in the order of dim/desks, then of out of scope, given the words.
- The desk that answered is known one day later; with probability `label_noise` it is another one, uniformly.

Record
- The log holds marks known before the end, NULL otherwise; all are in truth/messages.parquet and truth/questions.parquet.
"""
