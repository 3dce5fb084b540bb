"""Strict settings: dtype and rank promotion raise, keys are used once, two CPU devices stand in for many.

Most of the time goes into compiling programs that run for a moment. So they are hardly optimised, and what was compiled
once is kept for the time of a run, for all its processes and for those that tests start: half of the tests compile the
same programs.
"""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# The older emitter and no optimisation: a sixth of the time to compile. An XLA without such a flag names it and ends.
# `.ci/run` has flags of its own for the learning run, which is compiled as for users.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0")
os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=2"

import jax
import pytest

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)

_CACHE = "MOVE37_TESTS_CACHE"  # inherited by the workers
if _CACHE not in os.environ:
    os.environ[_CACHE] = tempfile.mkdtemp(prefix="move37-tests-")
    atexit.register(shutil.rmtree, os.environ[_CACHE], ignore_errors=True)
for _name, _value in {
    "jax_compilation_cache_dir": os.environ[_CACHE],
    "jax_persistent_cache_min_compile_time_secs": 0,
    "jax_persistent_cache_min_entry_size_bytes": 0,
}.items():
    jax.config.update(_name, _value)
    os.environ[_name.upper()] = str(_value)  # for the programs that tests start


def pytest_addoption(parser):
    """How much the tests of nonsense say."""
    parser.addoption("--nonsense", type=int, default=300, help="lines of nonsense for an engine (300)")


@pytest.fixture
def promotion_as_optax_needs_it():
    """Optax mixes kinds of numbers, and ranks: for tests in which a net learns."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield
