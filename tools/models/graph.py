# SPDX-License-Identifier: Apache-2.0
"""all-MiniLM-L6-v2 as an ONNX graph: BERT (Devlin et al., 2018), the mean over tokens, and length 1."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

LAYERS, HEADS, HEAD_WIDTH, WIDTH = 6, 12, 32, 384
OPSET, IR_VERSION = 20, 9
MASKED = -1e4


class Builder:
    """Nodes and constants in the order in which they are made; names count the nodes."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.constants = {}

    def constant(self, name, value):
        self.constants[name] = value
        return name

    def node(self, op, inputs, name=None, **attributes):
        output = name or f"{op}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(op, inputs, [output], name=output + "_n", **attributes)
        )
        return output

    def layer_norm(self, x, at):
        scale = self.constant(at + ".w", self.weights[at + ".weight"])
        shift = self.constant(at + ".b", self.weights[at + ".bias"])
        return self.node("LayerNormalization", [x, scale, shift], axis=-1, epsilon=1e-12)

    def linear(self, x, at, name):
        matrix = np.ascontiguousarray(self.weights[at + ".weight"].T)
        product = self.node("MatMul", [x, self.constant(name + ".w", matrix)])
        return self.node("Add", [product, self.constant(name + ".b", self.weights[at + ".bias"])])


def sentence_graph(weights_file):
    """Inputs input_ids and attention_mask, int64 [b, t]; output embedding, float32 [b, 384]."""
    loaded = load_file(weights_file)
    weights = {
        name.replace("bert.", ""): value.astype(np.float32)
        for name, value in loaded.items()
        if value.dtype != np.int64
    }
    build = Builder(weights)
    x, bias, mask = embeddings(build)
    build.constant("shp4", np.array([0, 0, HEADS, HEAD_WIDTH], np.int64))
    build.constant("shp3", np.array([0, 0, WIDTH], np.int64))
    build.constant("sc", np.array(1 / np.sqrt(HEAD_WIDTH), np.float32))
    for number in range(LAYERS):
        x = layer(build, x, bias, f"encoder.layer.{number}.")
    pool(build, x, mask)
    return model_of(build)


def embeddings(build):
    weights = build.weights
    build.constant("emb", weights["embeddings.word_embeddings.weight"])
    positions = weights["embeddings.position_embeddings.weight"]
    build.constant("pos", positions + weights["embeddings.token_type_embeddings.weight"][0])
    build.constant("i0", np.array(0, np.int64))
    build.constant("i1", np.array(1, np.int64))
    build.constant("ax1", np.array([1], np.int64))
    build.constant("ax0", np.array([0], np.int64))
    shape = build.node("Shape", ["input_ids"])
    length = build.node("Gather", [shape, build.constant("ix1", np.array([1], np.int64))])
    position = build.node("Slice", ["pos", "ax0", length, "ax0"])
    word = build.node("Gather", ["emb", "input_ids"], axis=0)
    x = build.layer_norm(build.node("Add", [word, position]), "embeddings.LayerNorm")
    mask = build.node("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    hidden = build.node("Sub", [build.constant("one", np.array(1, np.float32)), mask])
    bias = build.node("Mul", [hidden, build.constant("neg", np.array(MASKED, np.float32))])
    axes = build.constant("ax12", np.array([1, 2], np.int64))
    return x, build.node("Unsqueeze", [bias, axes]), mask


def layer(build, x, bias, at):
    mixed = build.linear(attention(build, x, bias, at), at + "attention.output.dense", at + "ao")
    x = build.layer_norm(build.node("Add", [x, mixed]), at + "attention.output.LayerNorm")
    inner = build.linear(x, at + "intermediate.dense", at + "fi")
    active = build.node("Gelu", [inner], approximate="none")
    outer = build.linear(active, at + "output.dense", at + "fo")
    return build.layer_norm(build.node("Add", [x, outer]), at + "output.LayerNorm")


def attention(build, x, bias, at):
    """Queries, keys and values by one product; the scale of the scores is part of the queries' weights."""
    names = [f"{at}attention.self.{part}" for part in ("query", "key", "value")]
    matrix = np.concatenate([build.weights[n + ".weight"].T for n in names], 1).copy()
    shift = np.concatenate([build.weights[n + ".bias"] for n in names]).copy()
    matrix[:, :WIDTH] *= 1 / np.sqrt(HEAD_WIDTH)
    shift[:WIDTH] *= 1 / np.sqrt(HEAD_WIDTH)
    weight = build.constant(at + "qkv.w", np.ascontiguousarray(matrix))
    product = build.node("MatMul", [x, weight])
    all_three = build.node("Add", [product, build.constant(at + "qkv.b", shift)])
    parts = [f"{at}q", f"{at}k", f"{at}v"]
    build.nodes.append(
        helper.make_node("Split", [all_three], parts, axis=-1, num_outputs=3, name=at + "split")
    )
    heads = [
        build.node("Transpose", [build.node("Reshape", [part, "shp4"])], perm=perm)
        for part, perm in zip(parts, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
    ]
    scores = build.node("Add", [build.node("MatMul", heads[:2]), bias])
    shares = build.node("Softmax", [scores], axis=-1)
    values = build.node("MatMul", [shares, heads[2]])
    return build.node("Reshape", [build.node("Transpose", [values], perm=[0, 2, 1, 3]), "shp3"])


def pool(build, x, mask):
    axis = build.constant("axm", np.array([2], np.int64))
    kept = build.node("Mul", [x, build.node("Unsqueeze", [mask, axis])])
    total = build.node("ReduceSum", [kept, "ax1"], keepdims=0)
    length = build.node("ReduceL2", [total, "ax1"], keepdims=1)
    build.node("Div", [total, length], name="embedding")


def model_of(build):
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", WIDTH])
    constants = [
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        for name, value in build.constants.items()
    ]
    made = helper.make_graph(build.nodes, "minilm", inputs, [output], constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model
