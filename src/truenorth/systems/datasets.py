"""The table of real data: publisher, licence, attribution, and the checksum of every file."""

# ruff: noqa: E501 (a table of facts, and its lines are as long as they want)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
