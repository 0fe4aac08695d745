"""
Makes the wheel of this package beside it, by Python's own library alone: `python wheel.py FOLDER` prints its path.

A fresh virtual environment has no `wheel`, from Python 3.12 on no `setuptools` either, and nothing may be downloaded to install Basin.
"""

import base64
import hashlib
import pathlib
import re
import sys
import zipfile

here = pathlib.Path(__file__).resolve().parent
project = (here / "pyproject.toml").read_text(encoding="utf-8")


def value(key):
    return re.search(rf'^{key} = "([^"]*)"', project, re.M).group(1)


name, version = value("name").replace("-", "_"), value("version")
requires = re.findall(r'"([^"]+)"', re.search(r"^dependencies = \[(.*)\]", project, re.M).group(1))
info = f"{name}-{version}.dist-info"
sources = [path for path in sorted((here / "src" / "basin").rglob("*")) if path.suffix in (".py", ".typed")]
files = {path.relative_to(here / "src").as_posix(): path.read_bytes() for path in sources}
metadata = [
    "Metadata-Version: 2.1",
    f"Name: {value('name')}",
    f"Version: {version}",
    f"Summary: {value('description')}",
    f"Requires-Python: {value('requires-python')}",
    *(f"Requires-Dist: {one}" for one in requires),
]
files[f"{info}/METADATA"] = "\n".join([*metadata, ""]).encode()
files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: basin\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


record = [f"{path},sha256={digest(data)},{len(data)}" for path, data in files.items()]
files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
made = pathlib.Path(sys.argv[1]) / f"{name}-{version}-py3-none-any.whl"
with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
    for path, data in files.items():
        archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), data)
print(made)
