import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from truenorth.workflow.store import RESULT, Store, link_tree, read_json, write_json


def fill(folder: Path, text: str) -> None:
    (folder / "part.txt").write_text(text)
    write_json({"text": text}, folder / RESULT)


def test_a_stage_that_fails_leaves_nothing(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.draft("train", "k") as draft:
        fill(draft, "half")
        raise RuntimeError
    assert store.find("train", "k") is None
    assert list(tmp_path.iterdir()) == []


def test_a_finished_stage_is_found_by_its_key_only(tmp_path):
    store = Store(tmp_path)
    with store.draft("train", "k") as draft:
        fill(draft, "whole")
    assert read_json(store.find("train", "k") / RESULT) == {"text": "whole"}
    assert store.find("train", "other") is None


def test_the_first_of_two_that_finish_is_kept(tmp_path):
    store = Store(tmp_path)
    with store.draft("train", "k") as first, store.draft("train", "k") as second:
        fill(second, "second")
        fill(first, "first")
    assert (store.find("train", "k") / "part.txt").read_text() == "second"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_is_made_anew_where_that_is_asked_for(tmp_path):
    store = Store(tmp_path)
    for text in ("first", "second"):
        with store.draft("train", "k", replace=True) as draft:
            fill(draft, text)
    assert (store.find("train", "k") / "part.txt").read_text() == "second"


def test_a_torn_folder_is_replaced(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "train-k").mkdir()
    (tmp_path / "train-k" / "part.txt").write_text("torn")
    with store.draft("train", "k") as draft:
        fill(draft, "whole")
    assert (store.find("train", "k") / "part.txt").read_text() == "whole"


def _write_forever(root: Path) -> None:
    with Store(root).draft("train", "k") as draft:
        (draft / "part.txt").write_text("half")
        time.sleep(60)


def test_what_a_killed_process_left_is_swept_away(tmp_path):
    killed = multiprocessing.get_context("spawn").Process(target=_write_forever, args=(tmp_path,))
    killed.start()
    while not list(tmp_path.glob(".draft-*/part.txt")):
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    assert Store(tmp_path).find("train", "k") is None
    with Store(tmp_path).draft("train", "k") as draft:
        fill(draft, "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["train-k"]


def test_the_draft_of_a_running_process_is_left_alone(tmp_path):
    store = Store(tmp_path)
    with store.draft("train", "a") as first:
        fill(first, "first")
        with store.draft("train", "b") as second:
            fill(second, "second")
        assert first.is_dir()


def test_json_holds_no_infinity(tmp_path):
    write_json({"a": float("inf"), "b": [float("nan"), 1.5]}, tmp_path / "x.json")
    assert read_json(tmp_path / "x.json") == {"a": None, "b": [None, 1.5]}


def test_linked_files_read_the_same_and_results_stay_behind(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a.txt").write_text("a")
    write_json({}, source / RESULT)
    for _ in range(2):
        link_tree(source, target)
    assert [path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()] == [
        "deep/a.txt"
    ]


def test_a_process_killed_while_it_removes_leaves_no_half_folder_under_a_finished_name(tmp_path, monkeypatch):
    store = Store(tmp_path)
    for text in ("first", "second"):
        with store.draft("train", "k", replace=True) as folder:
            (folder / "model.txt").write_text(text)
            write_json({}, folder / RESULT)
            monkeypatch.setattr("truenorth.workflow.store.shutil.rmtree", _remove_all_but_the_result)
    found = store.find("train", "k")
    assert found is not None
    assert (found / "model.txt").read_text() == "second"


def _remove_all_but_the_result(folder: Path, ignore_errors: bool) -> None:
    (folder / "model.txt").unlink(missing_ok=True)
