"""A net as an ONNX graph: to be exported, and to be run by ONNX Runtime, the fastest evaluator on a CPU."""

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from move37.nets.layers import Conv, Dense
from move37.nets.policy_value import GlobalPooling, Head, PolicyAndValue, PolicyValue

OPSET, IR_VERSION = 17, 8  # understood by every ONNX Runtime since 2022


class _Graph:
    """Nodes and weights as they are added; values are known by name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._names: Iterator[int] = count()

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"{op.lower()}_{next(self._names)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        return name

    def weight(self, array: object) -> str:
        name = f"weight_{next(self._names)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def conv(self, layer: Conv, x: str) -> str:
        pad = layer.weight.shape[-1] // 2
        return self.add("Conv", x, self.weight(layer.weight), self.weight(layer.bias), pads=[pad] * 4)

    def dense(self, layer: Dense, x: str) -> str:
        return self.add("Gemm", x, self.weight(layer.weight), self.weight(layer.bias), transB=1)

    def trunk(self, net: PolicyValue, x: str) -> str:
        x = self.add("Relu", self.conv(net.stem, x))
        for block in net.tower:
            inner = self.conv(block.first, x)
            if block.pooling is not None:
                inner = self.add("Add", inner, self.pooling(block.pooling, x))
            inner = self.conv(block.second, self.add("Relu", inner))
            x = self.add("Relu", self.add("Add", inner, x))
        return x

    def pooling(self, layer: GlobalPooling, x: str) -> str:
        x = self.add("Relu", self.conv(layer.look, x))
        pooled = [self.add(op, x, axes=[2, 3], keepdims=0) for op in ("ReduceMean", "ReduceMax")]
        bias = self.dense(layer.tell, self.add("Concat", *pooled, axis=1))
        return self.add("Unsqueeze", bias, self.weight(np.array([2, 3])))

    def head(self, head: Head, x: str) -> str:
        x = self.add("Flatten", self.add("Relu", self.conv(head.squeeze, x)))
        return self.dense(head.out, x if head.hidden is None else self.add("Relu", self.dense(head.hidden, x)))


def to_onnx(net: PolicyValue | PolicyAndValue) -> onnx.ModelProto:
    """`observation` float [B C H W] → `policy` logits [B A], `value` [B]. Auxiliary heads stay behind."""
    graph = _Graph()
    one, two = (net.policy_net, net.value_net) if isinstance(net, PolicyAndValue) else (net, net)
    x = graph.trunk(one, "observation")
    y = x if one is two else graph.trunk(two, "observation")
    value = graph.add("Reshape", graph.add("Tanh", graph.head(two.value, y)), graph.weight(np.array([-1])))
    for old, new in ((graph.head(one.policy, x), "policy"), (value, "value")):
        graph.nodes.append(helper.make_node("Identity", [old], [new]))
    planes, actions = one.stem.weight.shape[1], one.policy.out.bias.shape[0]
    float32 = TensorProto.FLOAT
    made = helper.make_graph(
        graph.nodes,
        "policy_value",
        [helper.make_tensor_value_info("observation", float32, ["B", planes, "H", "W"])],
        [
            helper.make_tensor_value_info("policy", float32, ["B", actions]),
            helper.make_tensor_value_info("value", float32, ["B"]),
        ],
        graph.weights,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


class OnnxEvaluator:
    """observations [B C H W] → (logits [B A], value [B]), on all cores. A new net needs a new one: some 20 ms."""

    def __init__(self, net: PolicyValue | PolicyAndValue, threads: int | None = None):
        """`threads` None = all cores."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or (os.cpu_count() or 1)
        options.log_severity_level = 3
        model = to_onnx(net).SerializeToString()
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate a batch."""
        policy, value = self._session.run(["policy", "value"], {"observation": observation.astype(np.float32)})
        return policy, value
