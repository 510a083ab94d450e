"""nrms_np: NRMS news recommendation from scratch in NumPy and Numba."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
INIT = (ROOT / "nrms_np" / "__init__.py").read_text(encoding="utf-8")

setup(
    name="nrms_np",
    version=re.search(r'^__version__ = "(.+)"$', INIT, re.MULTILINE)[1],
    description="NRMS (Wu et al., EMNLP 2019) from scratch: NumPy, Numba, hand-derived and proved gradients",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    packages=find_packages(include=["nrms_np", "nrms_np.*"]),
    package_data={"nrms_np": ["py.typed", "app/page.html", "data/demo_words.toml"]},
    python_requires=">=3.11",
    install_requires=["numpy>=2.0.2,<2.5", "numba>=0.60,<0.69", "tqdm>=4.60,<5", "matplotlib>=3.8.4,<4"],
    extras_require={
        "parquet": ["pyarrow>=15"],
        "test": ["pytest>=8", "pytest-xdist>=3.6", "hypothesis>=6", "scikit-learn>=1.4", "ruff>=0.6", "mypy>=1.10"],
        "bench": ["torch==2.13.0", "threadpoolctl>=3"],
        "notebooks": ["jupytext>=1.16", "nbclient>=0.9", "ipykernel>=6"],
        "mpi": ["mpi4py>=4.1", "mpich>=4.2; platform_system != 'Windows'"],
        "browser": ["playwright>=1.40"],
    },
)
