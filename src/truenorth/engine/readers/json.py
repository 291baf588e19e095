"""JSON: one object per line, or an array of objects."""

from __future__ import annotations

from sqlglot import exp

from truenorth.engine.lowering import Tree, number, text
from truenorth.engine.readers.scans import Job, scan


def query(job: Job) -> exp.Query:
    """Return the query that reads the files; types come from every value, not from a sample."""
    options: dict[str, Tree] = {
        "format": text("auto"),
        "sample_size": number(-1),
        "map_inference_threshold": number(-1),
        "convert_strings_to_integers": exp.false(),
    }
    return scan("read_json", job.part.files, options)
