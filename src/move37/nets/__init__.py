"""Architectures only: what stands behind `evaluate`. `policy_value` is AlphaZero's; `onnx` runs and exports it."""
