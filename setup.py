"""nrms_np: NRMS news recommendation from scratch in NumPy and Numba."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="nrms_np",
    version="0.1.0",
    description="NRMS (Wu et al., EMNLP 2019) from scratch: NumPy, Numba, hand-derived and proved gradients",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    packages=find_packages(include=["nrms_np", "nrms_np.*"]),
    python_requires=">=3.11",
    install_requires=["numpy>=2.0.2,<2.5", "numba>=0.60,<0.69", "tqdm>=4.60,<5", "matplotlib>=3.8.4,<4"],
    extras_require={
        "test": ["pytest>=8", "hypothesis>=6", "scikit-learn>=1.4", "ruff>=0.6"],
        "bench": ["torch==2.13.0", "threadpoolctl>=3"],
        "notebooks": ["jupytext>=1.16"],
    },
)
