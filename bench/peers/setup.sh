#!/bin/sh
# Installs the two label and feature peers in their own environment: they need older setuptools and pandas than we do.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
target="$here/.peers/venv"
[ -x "$target/bin/python" ] || "${PYTHON:-python3}" -m venv "$target"
"$target/bin/python" -m pip install --quiet \
    'setuptools<81' 'pandas<3' 'pyarrow' 'featuretools==1.31.0' 'composeml==0.10.1'
