"""The engine: where logs become relations and query trees run; no other package opens a connection.

Start with `contract` (what an engine can do) and `ingest.read_sources` (logs to relations). `duckdb` and
`spark` are the engines, `readers/` the file formats, `derived/` the sources made from other sources,
`lowering` turns expressions into trees, `windows` and `aggregates` write the point-in-time queries.
"""

from truenorth.engine.contract import Engine, EngineName, EngineSettings, open_engine

__all__ = ["Engine", "EngineName", "EngineSettings", "open_engine"]
