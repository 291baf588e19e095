"""From a question to an answer: one file per family of metrics, each function one metric of the language."""
