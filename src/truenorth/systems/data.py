"""Real data: where its publisher keeps it, what may be done with it, and how a downloaded copy is laid.

Nothing is downloaded here and nothing is shipped. A copy that somebody has is verified against the SHA-256 of the
files that the published figures were computed from, then copied, or reshaped where a framing cannot read it as it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from truenorth.errors import DataError, Finding, suggest
from truenorth.systems.reshape import clinc150_queries, m4_hourly_sales


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file of a dataset."""

    name: str
    sha256: str
    bytes: int
    also: str | None = None
    """Another name that the publisher gives it."""


Reshape = Callable[[Path, Path], None]
"""Reads the verified files of one folder and writes one file of a shape that a framing can read."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A public dataset, as its publisher offers it."""

    name: str
    title: str
    address: str
    """The publisher's own page."""
    licence: str
    attribution: str
    """To be printed in every report made from it."""
    files: tuple[DataFile, ...]
    note: str = ""
    """How the files differ from what the publisher offers, if they do."""
    reshaped: tuple[tuple[str, Reshape], ...] = ()
    """Files that are made of the verified ones, and how."""

    def to_dict(self) -> dict[str, Any]:
        """Return the dataset as plain JSON values."""
        values = {key: value for key, value in vars(self).items() if key not in ("files", "reshaped")}
        return {
            **values,
            "files": [asdict(file) for file in self.files],
            "makes": [name for name, _ in self.reshaped],
        }


DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="fraud_handbook",
            title="Simulated card transactions of the Fraud Detection Handbook",
            address="https://github.com/Fraud-Detection-Handbook/simulated-data-raw",
            licence="none stated",
            attribution="Le Borgne, Siblini, Lebichot and Bontempi (2022), Reproducible Machine Learning for Credit "
            "Card Fraud Detection - Practical Handbook",
            note="the publisher's files of one day each, joined in order of time into one Parquet file with their columns",
            files=(
                DataFile(
                    name="transactions.parquet",
                    sha256="27cfaf5cea7931c4e74de74c81d164d73b712882bb07c226efd18890c96d12a8",
                    bytes=21_745_241,
                ),
            ),
        ),
        Dataset(
            name="kuairand_pure",
            title="KuaiRand-Pure, short videos of Kuaishou",
            address="https://kuairand.com",
            licence="CC BY-SA 4.0",
            attribution="Gao, Li, Zhang, Chen, Li, Lei, Jiang and He (2022), KuaiRand: An Unbiased Sequential "
            "Recommendation Dataset with Randomly Exposed Videos, CIKM",
            note="cut to the raw columns: the standard log from 2022-04-22 on as impressions.parquet, the user features "
            "as users.csv, the basic video features as videos.csv; the monthly statistics are left alone, they leak",
            files=(
                DataFile(
                    name="impressions.parquet",
                    sha256="5960354569dc37e1f77c90326067862507c542dd509c83c37892cec1b1cddace",
                    bytes=2_673_877,
                ),
                DataFile(
                    name="users.csv",
                    sha256="dc729a656301b4c6d07f713fe41d05ec9bfaab670b90e531c70037caf033c011",
                    bytes=3_519_028,
                ),
                DataFile(
                    name="videos.csv",
                    sha256="a6f7ee02684c5777422306cdc416e170302288aa89aca9dfea995edbd625bcc2",
                    bytes=626_669,
                ),
            ),
        ),
        Dataset(
            name="cdnow",
            title="CDNOW, purchases of the cohort of the first quarter of 1997",
            address="https://www.brucehardie.com/datasets/",
            licence="public",
            attribution="Fader and Hardie (2001), Forecasting Repeat Sales at CDNOW: A Case Study, Interfaces 31(3)",
            files=(
                DataFile(
                    name="CDNOW_master.txt",
                    sha256="eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
                    bytes=1_950_500,
                ),
            ),
        ),
        Dataset(
            name="sms_spam",
            title="SMS Spam Collection",
            address="https://archive.ics.uci.edu/dataset/228/sms+spam+collection",
            licence="CC BY 4.0",
            attribution="Almeida, Gomez Hidalgo and Yamakami (2011), Contributions to the Study of SMS Spam Filtering, "
            "DocEng",
            files=(
                DataFile(
                    name="sms.tsv",
                    sha256="7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
                    bytes=477_907,
                    also="SMSSpamCollection",
                ),
            ),
        ),
        Dataset(
            name="clinc150",
            title="CLINC150, intents and out-of-scope questions",
            address="https://github.com/clinc/oos-eval",
            licence="CC BY 3.0",
            attribution="Larson et al. (2019), An Evaluation Dataset for Intent Classification and Out-of-Scope "
            "Prediction, EMNLP",
            files=(
                DataFile(
                    name="data_full.json",
                    sha256="36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0",
                    bytes=2_495_390,
                ),
            ),
            reshaped=(("queries.parquet", clinc150_queries),),
        ),
        Dataset(
            name="nyc_green_taxi",
            title="Green taxi trips of New York, January to March 2023",
            address="https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page",
            licence="open data of the City of New York",
            attribution="New York City Taxi and Limousine Commission, Trip Record Data",
            files=(
                DataFile(
                    name="green_tripdata_2023-01.parquet",
                    sha256="f2955152517cf6b9234393d8b70c0d345560667a1f284b663c1b968442feb50b",
                    bytes=1_854_605,
                ),
                DataFile(
                    name="green_tripdata_2023-02.parquet",
                    sha256="56b965fd855aaa16b257f7a6d3b4005865416a6b02a3350825d4f1f56e56b03c",
                    bytes=1_743_894,
                ),
                DataFile(
                    name="green_tripdata_2023-03.parquet",
                    sha256="56e53e8c0f7e323eb68ee0eeed78f39eb6926875a58246fbaf5081b0cbd8c8fe",
                    bytes=1_954_241,
                ),
                DataFile(
                    name="taxi_zone_lookup.csv",
                    sha256="598bfdd5170dcd8b9cfb5ec7f8dc283552e1b79cf0bcf3b7a0463fec1bfef115",
                    bytes=12_322,
                ),
            ),
        ),
        Dataset(
            name="m4_hourly",
            title="Hourly series of the M4 competition",
            address="https://github.com/Mcompetitions/M4-methods",
            licence="none stated",
            attribution="Makridakis, Spiliotis and Assimakopoulos (2020), The M4 Competition: 100,000 time series and "
            "61 forecasting methods, International Journal of Forecasting 36(1)",
            files=(
                DataFile(
                    name="Hourly-train.csv",
                    sha256="ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f",
                    bytes=2_347_115,
                ),
                DataFile(
                    name="Hourly-test.csv",
                    sha256="71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42",
                    bytes=132_820,
                ),
            ),
            reshaped=(("sales.parquet", m4_hourly_sales),),
        ),
    )
}
"""Every dataset that a system runs on, by name."""


def named(name: str) -> Dataset:
    """Return a dataset.

    Raises:
        DataError: If there is none of this name.
    """
    if name not in DATASETS:
        fix = suggest(name, tuple(DATASETS), otherwise=f"choose one of {', '.join(DATASETS)}.")
        raise DataError(
            Finding(code="DATASET001", where="data", evidence=f"expected a dataset, got {name!r}.", fix=fix)
        )
    return DATASETS[name]


def lay_data(name: str, source: str | Path, out: str | Path = "data") -> tuple[Path, ...]:
    """Verify a downloaded copy of a dataset and lay it where the framings read it.

    Args:
        name: A key of `DATASETS`.
        source: Folder that holds the publisher's files.
        out: Folder of the project's data; the files come to lie in `out/NAME`.

    Returns:
        What was written: the files, and what was reshaped from them.

    Raises:
        DataError: If a file is missing or is not the one that it should be; all of them are named, nothing is written.
    """
    dataset, folder = named(name), Path(out) / name
    found = _verified(dataset, Path(source))
    folder.mkdir(parents=True, exist_ok=True)
    written = [
        _placed(folder / file.name, lambda to, path=path: shutil.copyfile(path, to)) for file, path in found
    ]
    made = [_placed(folder / one, lambda to, make=make: make(folder, to)) for one, make in dataset.reshaped]
    return (*written, *made)


def _verified(dataset: Dataset, source: Path) -> list[tuple[DataFile, Path]]:
    if not source.is_dir():
        fix = f"download {dataset.title} from {dataset.address} into a folder, and name that folder."
        raise DataError(
            Finding(code="DATASET002", where=str(source), evidence="expected a folder, got none.", fix=fix)
        )
    found, wrong = [], []
    for file in dataset.files:
        names = [name for name in (file.name, file.also) if name is not None]
        path = next((source / name for name in names if (source / name).is_file()), None)
        if path is None:
            wrong.append(_missing(dataset, source, names))
        elif (sum_ := checksum(path)) != file.sha256:
            wrong.append(_differs(dataset, file, path, sum_))
        else:
            found.append((file, path))
    if wrong:
        raise DataError(wrong)
    return found


def _missing(dataset: Dataset, source: Path, names: list[str]) -> Finding:
    near = ", ".join(sorted(path.name for path in source.iterdir())[:5]) or "nothing"
    note = f" ({dataset.note})" if dataset.note else ""
    return Finding(
        code="DATASET002",
        where=str(source / names[0]),
        evidence=f"expected the file {' or '.join(names)}, got none: the folder holds {near}.",
        fix=f"get it from {dataset.address}{note}.",
    )


def _differs(dataset: Dataset, file: DataFile, path: Path, got: str) -> Finding:
    size = path.stat().st_size
    return Finding(
        code="DATASET003",
        where=str(path),
        evidence=f"expected {file.bytes:,} bytes with SHA-256 {file.sha256}, got {size:,} bytes with {got}.",
        fix=f"download it again from {dataset.address}; figures of another file are not comparable.",
    )


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _placed(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a file under another name, then give it its own: it is there whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
