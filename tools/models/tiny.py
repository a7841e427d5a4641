# SPDX-License-Identifier: Apache-2.0
"""Writes the sentence model of the tests: a table of 8 numbers a word piece, without layers. Any weights would do.

    .venv/bin/python tools/models/tiny.py
"""
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "test/embed/fixtures/tiny-model"
WIDTH = 8
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *("##" + c for c in LETTERS), *".,!?"]


def main():
    (FOLDER / "1_Pooling").mkdir(parents=True, exist_ok=True)
    table = np.random.default_rng(7).standard_normal((len(PIECES), WIDTH)).astype(np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"], axis=0)]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    outputs = [
        helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["b", "t", WIDTH])
    ]
    graph = helper.make_graph(
        nodes, "tiny", inputs, outputs, [numpy_helper.from_array(table, "table")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, FOLDER / "model.onnx")
    tokenizer = {
        "normalizer": {"type": "BertNormalizer", "lowercase": True},
        "model": {
            "type": "WordPiece",
            "continuing_subword_prefix": "##",
            "vocab": {piece: number for number, piece in enumerate(PIECES)},
        },
    }
    write("tokenizer.json", tokenizer)
    write("sentence_bert_config.json", {"max_seq_length": 32})
    write("1_Pooling/config.json", {"pooling_mode_mean_tokens": True})


def write(name, value):
    (FOLDER / name).write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
