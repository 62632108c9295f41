"""Writes old-models.json: small models of operator sets 1 to 6, with an input and the output that they mean.

Oracles, with onnx 1.23.2 and onnxruntime 1.32.0 from PyPI: the version converter of ONNX to operator set 13 and onnxruntime
on the result, and the reference evaluator of ONNX on the model as it is (not for AveragePool: before version 7 it counts the
padding). Where both know the operator they must agree;
`oracle` says which gave the output. numpy: the expression beside the model, which is the definition in ONNX. Neither oracle lays the
second input over the first from an axis on: what the converter writes for it onnxruntime refuses.
"""

import base64
import json

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh
from onnx import version_converter
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
rng = np.random.default_rng(12)
IMAGE = np.round(rng.standard_normal((1, 4, 6, 5)), 2).astype(np.float32)
ROWS = rng.standard_normal((3, 4)).astype(np.float32)


def f(*shape):
    return rng.standard_normal(shape).astype(np.float32)


CASES = []


def case(name, opset, nodes, constants=None, x=IMAGE, expect=None, oracles=("converter", "reference"), shape=None):
    constants = constants or {}
    graph = h.make_graph(
        nodes,
        name,
        [h.make_tensor_value_info("x", T.FLOAT, x.shape)]
        + [h.make_tensor_value_info(k, h.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in constants.items()],
        [h.make_tensor_value_info("y", T.FLOAT, shape)],
        [nh.from_array(v, k) for k, v in constants.items()],
    )
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=3)
    found = {}
    for oracle in oracles:
        try:
            found[oracle] = converted(model, x) if oracle == "converter" else ReferenceEvaluator(model).run(None, {"x": x})[0]
        except Exception as error:  # noqa: BLE001: what an oracle does not know it does not answer
            print(f"{name}: {oracle}: {str(error).splitlines()[0][:100]}")
    if expect is not None:
        found["numpy"] = expect(x)
    assert found, name
    values = list(found.values())
    for other in values[1:]:
        assert other.shape == values[0].shape and np.allclose(other, values[0], rtol=1e-5, atol=1e-5), (name, list(found))
    print(name, list(found), values[0].shape)
    CASES.append(
        {
            "name": name,
            "opset": opset,
            "oracle": list(found),
            "model": base64.b64encode(model.SerializeToString()).decode(),
            "input": {"shape": x.shape, "data": [float(np.format_float_positional(v)) for v in x.ravel()]},
            "output": {"shape": values[0].shape, "data": [float(f"{v:.7g}") for v in values[0].astype(np.float32).ravel()]},
        }
    )


def converted(model, x):
    newer = version_converter.convert_version(model, 13)
    return onnxruntime.InferenceSession(newer.SerializeToString()).run(None, {"x": x})[0]


n = h.make_node
case("AveragePool", 6, [n("AveragePool", ["x"], ["y"], kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1])], oracles=("converter",))
case("AveragePool SAME", 1, [n("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")], oracles=("converter",))
norm = dict(s=f(4), b=f(4), m=f(4), v=np.abs(f(4)))
case("BatchNormalization 6", 6, [n("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], is_test=1, epsilon=1e-3)], norm)
case(
    "BatchNormalization 1", 1,
    [n("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], is_test=1, consumed_inputs=[0, 0, 0, 1, 1])], norm,
    expect=lambda x: norm["s"].reshape(4, 1, 1) * (x - norm["m"].reshape(4, 1, 1)) / np.sqrt(norm["v"].reshape(4, 1, 1) + 1e-5)
    + norm["b"].reshape(4, 1, 1),
)
channels = f(4)
for op, ufunc in [("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply), ("Div", np.divide)]:
    case(f"{op} axis", 6, [n(op, ["x", "c"], ["y"], broadcast=1, axis=1)], {"c": channels},
         expect=lambda x, ufunc=ufunc: ufunc(x, channels.reshape(4, 1, 1)))
columns = f(5)
case("Add at the end", 6, [n("Add", ["x", "c"], ["y"], broadcast=1)], {"c": columns}, expect=lambda x: x + columns)
case("Add of consumed inputs", 1, [n("Add", ["x", "c"], ["y"], broadcast=1, axis=1, consumed_inputs=[1, 0])], {"c": channels},
     expect=lambda x: x + channels.reshape(4, 1, 1))
case("Mul of two axes", 6, [n("Mul", ["x", "c"], ["y"], broadcast=1, axis=1)], {"c": (plane := f(4, 6))},
     expect=lambda x: x * plane.reshape(4, 6, 1))
case("Pow axis", 1, [n("Abs", ["x"], ["a"]), n("Pow", ["a", "c"], ["y"], broadcast=1, axis=1)], {"c": np.abs(channels)},
     expect=lambda x: np.abs(x) ** np.abs(channels).reshape(4, 1, 1))
case("Add of what is computed", 6,
     [n("GlobalAveragePool", ["x"], ["p"]), n("Reshape", ["p", "s"], ["q"]), n("Mul", ["x", "q"], ["y"], broadcast=1, axis=0)],
     {"s": np.array([1, 4], np.int64)}, expect=lambda x: x * x.mean((2, 3), keepdims=True))
case("Greater axis", 6, [n("Greater", ["x", "c"], ["g"], broadcast=1, axis=1), n("Cast", ["g"], ["y"], to=T.FLOAT)],
     {"c": channels}, expect=lambda x: (x > channels.reshape(4, 1, 1)).astype(np.float32))
case("PRelu", 6, [n("PRelu", ["x", "c"], ["y"])], {"c": channels}, oracles=("converter",),
     expect=lambda x: np.where(x < 0, x * channels.reshape(4, 1, 1), x))
case("PRelu of one slope", 1, [n("PRelu", ["x", "c"], ["y"], consumed_inputs=[0])], {"c": channels[:1]}, oracles=(),
     expect=lambda x: np.where(x < 0, x * channels[0], x))
case("Gemm", 6, [n("Gemm", ["x", "w", "c"], ["y"], broadcast=1, transB=1, alpha=0.5)], {"w": f(6, 4), "c": f(6)}, x=ROWS)
case("Dropout", 6, [n("Dropout", ["x"], ["y"], is_test=1, ratio=0.3)])
case("Upsample", 1, [n("Upsample", ["x"], ["y"], height_scale=2.0, width_scale=3.0, mode="nearest")], oracles=(),
     expect=lambda x: x.repeat(2, 2).repeat(3, 3))
case("Reshape", 1, [n("Reshape", ["x"], ["y"], shape=[0, -1, 10])], expect=lambda x: x.reshape(1, -1, 10))
case("Concat", 1, [n("Relu", ["x"], ["r"]), n("Concat", ["x", "r"], ["y"])], oracles=(),
     expect=lambda x: np.concatenate([x, np.maximum(x, 0)], 1))
case("Cast", 1, [n("Cast", ["x"], ["i"], to="INT32"), n("Cast", ["i"], ["y"], to="FLOAT")], oracles=(),
     expect=lambda x: x.astype(np.int32).astype(np.float32))
case("Pad", 1, [n("Pad", ["x"], ["y"], paddings=[0, 0, 1, 2, 0, 0, 3, 0], value=0.5)], oracles=(),
     expect=lambda x: np.pad(x, [(0, 0), (0, 0), (1, 3), (2, 0)], constant_values=0.5))
case("Split by an input", 1, [n("Split", ["x", "p"], ["a", "b"], axis=1), n("Sum", ["a", "a"], ["y"])],
     {"p": np.array([3, 1], np.float32)}, oracles=(), expect=lambda x: x[:, :3] * 2)
case("Tile", 1, [n("Tile", ["x", "t", "a"], ["y"])], {"t": np.array([3], np.float32), "a": np.array([2], np.float32)},
     oracles=(), expect=lambda x: np.tile(x, (1, 1, 3, 1)))
case("Selu of other defaults", 1, [n("Selu", ["x"], ["y"])], oracles=(),
     expect=lambda x: np.float32(1.0507) * np.where(x > 0, x, np.float32(1.6732) * (np.exp(x) - 1)))
case("LpPool", 1, [n("LpPool", ["x"], ["y"], kernel_shape=[2, 2], p=1.0)], oracles=(),
     expect=lambda x: np.abs(x)[:, :, :-1, :-1] + np.abs(x)[:, :, 1:, :-1] + np.abs(x)[:, :, :-1, 1:] + np.abs(x)[:, :, 1:, 1:])
case("Clip and InstanceNormalization", 1,
     [n("InstanceNormalization", ["x", "s", "b"], ["i"], consumed_inputs=[0, 0, 0]), n("Clip", ["i"], ["y"], min=-0.5, max=1.0)],
     {"s": norm["s"], "b": norm["b"]},
     expect=lambda x: np.clip(norm["s"].reshape(4, 1, 1) * (x - x.mean((2, 3), keepdims=True))
                              / np.sqrt(x.var((2, 3), keepdims=True) + 1e-5) + norm["b"].reshape(4, 1, 1), -0.5, 1))
W, G, H = f(4, 4, 3, 3), f(24, 3), f(3)


def by_hand(x):
    """The last case, in operator set 13."""
    constants = {"w": W, **norm, "k": channels.reshape(4, 1, 1), "g": G, "h": H, "z": np.array([1, 24], np.int64)}
    nodes = [
        n("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]), n("BatchNormalization", ["c", "s", "b", "m", "v"], ["d"]),
        n("Add", ["d", "k"], ["e"]), n("Relu", ["e"], ["r"]),
        n("AveragePool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), n("Reshape", ["p", "z"], ["q"]),
        n("Gemm", ["q", "g", "h"], ["y"]),
    ]
    value = h.make_tensor_value_info
    graph = h.make_graph(nodes, "hand", [value("x", T.FLOAT, x.shape)], [value("y", T.FLOAT, None)],
                         [nh.from_array(v, k) for k, v in constants.items()])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 13)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


case("a small network", 3,
     [n("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
      n("BatchNormalization", ["c", "s", "b", "m", "v"], ["d"], is_test=1, consumed_inputs=[0, 0, 0, 1, 1]),
      n("Add", ["d", "k"], ["e"], broadcast=1, axis=1), n("Relu", ["e"], ["r"], consumed_inputs=[0]),
      n("AveragePool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), n("Dropout", ["p"], ["o", "mask"], is_test=1),
      n("Reshape", ["o"], ["q"], shape=[1, 24]), n("Gemm", ["q", "g", "h"], ["y"], broadcast=1)],
     {"w": W, **norm, "k": channels, "g": G, "h": H}, x=f(1, 4, 6, 4), oracles=(), expect=by_hand)

with open(__file__.replace("make.py", "old-models.json"), "w", encoding="utf-8") as file:
    json.dump(CASES, file, separators=(",", ":"))
    file.write("\n")
