"""Strict settings: dtype and rank promotion raise, keys are used once, two CPU devices stand in for many.

Programs that were compiled once are kept for the time of a run, for all its processes: half of the tests compile the
same ones.
"""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"

import jax

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)

_CACHE = "MOVE37_TESTS_CACHE"  # inherited by the workers
if _CACHE not in os.environ:
    os.environ[_CACHE] = tempfile.mkdtemp(prefix="move37-tests-")
    atexit.register(shutil.rmtree, os.environ[_CACHE], ignore_errors=True)
jax.config.update("jax_compilation_cache_dir", os.environ[_CACHE])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
