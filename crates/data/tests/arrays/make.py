"""Writes the NPY files of this folder with numpy, for the tests to read.

All hold the numbers 0 to 5, in the shape (2, 3).
"""

from pathlib import Path

import numpy as np
from numpy.lib import format as npy

FOLDER = Path(__file__).parent
NUMBERS = np.arange(6).reshape(2, 3)

for kind in ["|u1", "<i2", ">i4", "<i8", "<u4", "<f4", ">f4", "<f8", ">f8"]:
    name = kind.replace("<", "little-").replace(">", "big-").replace("|", "")
    np.save(FOLDER / f"{name}.npy", NUMBERS.astype(kind))
np.save(FOLDER / "fortran-f8.npy", np.asfortranarray(NUMBERS.astype("<f8")))
for version in [(2, 0), (3, 0)]:
    with open(FOLDER / f"version-{version[0]}.npy", "wb") as file:
        npy.write_array(file, NUMBERS.astype("<f4"), version=version)
