"""Practice: a vague prompt, no hints; then five signals, the red flags, and what a ready framing decides.

transcript.py   what was said, in which section, and for how long     Transcript, Remark
coverage.py     which questions of the bank it answers, and by what    Performance, perform
signals.py      the scorecard as a table: signals, checks, points      SIGNALS
flags.py        the red flags as a table                               FLAGS
comparison.py   what the ready framing decides that yours does not, and the other way round
result.py       judge: all of it as one value                          judge, PracticeResult
showing.py      the result as text
listening.py    listens, section by section                            listen
"""

from truenorth.interview.practice.listening import listen
from truenorth.interview.practice.result import PracticeResult, judge
from truenorth.interview.practice.showing import result_text
from truenorth.interview.practice.transcript import Remark, Transcript, load_transcript, transcript_of

__all__ = [
    "PracticeResult", "Remark", "Transcript", "judge", "listen", "load_transcript", "result_text",
    "transcript_of",
]  # fmt: skip
