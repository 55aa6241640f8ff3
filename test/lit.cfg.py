# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configuration of the test suite: which files are tests, which programs they call."""

import os
import shutil
import subprocess

import lit.formats
from lit.llvm import llvm_config

config.name = "DoReFa"
config.test_format = lit.formats.ShTest()
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.dorefa_obj_root, "test")

# A captured name must not leak from one CHECK-LABEL block into the next.
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
# Two workers share two cores: a library that starts threads of its own only waits.
config.environment["OMP_NUM_THREADS"] = "1"

if config.sanitized:
    config.available_features.add("sanitized")
    # The packaged libMLIR is not instrumented: containers that it fills look overflown to
    # ours, arenas that ours poison are not unpoisoned there, and what its contexts keep to
    # the end looks leaked.
    config.environment["ASAN_OPTIONS"] = ":".join(
        ["detect_leaks=0", "detect_container_overflow=0", "allow_user_poisoning=0"]
    )
    config.environment["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"

models = os.path.normpath(os.path.join(config.dorefa_src_root, "..", "shared", "models"))
if os.path.isdir(models):
    config.available_features.add("models")
else:
    lit_config.note("tests on real networks are skipped: there is no ../shared/models")

# Not needed to build or use anything else: see scripts/packages-test.txt.
parts = [config.python, "-c", "import ensurepip, setuptools, wheel"]
if subprocess.run(parts, capture_output=True, check=False).returncode == 0:
    config.available_features.add("python-install")
else:
    lit_config.note("the test of pip install is skipped: it needs python3-venv and python3-wheel")

# A cross compiler and an emulator, from there too.
if shutil.which("aarch64-linux-gnu-g++") and shutil.which("qemu-aarch64"):
    config.available_features.add("aarch64")
else:
    lit_config.note("tests on AArch64 are skipped: they need qemu-user, g++-aarch64-linux-gnu and "
                    "libc6-dev-arm64-cross")

if shutil.which("qemu-x86_64"):
    config.available_features.add("qemu-x86_64")
else:
    lit_config.note("tests on older x86-64 processors are skipped: they need qemu-user")

# dorefa-run is free of LLVM, so this takes seconds.
source = config.dorefa_src_root
names = ("Compare", "File", "LoadedModel", "Npy", "TensorFiles")
build_aarch64_run = " ".join([
    f"aarch64-linux-gnu-g++ -std=c++17 -I {source}/include {source}/tools/dorefa-run/*.cpp",
    *(f"{source}/lib/Runtime/{name}.cpp" for name in names), "-ldl",
])

# Part of CUDA; Debian has no package.
if shutil.which("ptxas"):
    config.available_features.add("ptxas")
else:
    lit_config.note("kernels are not assembled: ptxas is not in PATH")

if shutil.which("z3"):
    config.available_features.add("z3")
else:
    lit_config.note("proofs are skipped: z3 is not in PATH")

if os.path.exists(os.path.join(config.dorefa_obj_root, "lib", "libdorefa-bpa-rtl.so")):
    config.available_features.add("bpa-rtl")
else:
    lit_config.note("tests of the accelerator's hardware are skipped: it was built without "
                    "verilator")

if shutil.which("fst2vcd"):
    config.available_features.add("gtkwave")

if shutil.which("verilator") and shutil.which("yosys"):
    config.available_features.add("hardware")
else:
    lit_config.note("tests of SystemVerilog are skipped: they need verilator and yosys")

config.substitutions += [
    ("%python", config.python),
    ("%clang", os.path.join(config.llvm_tools_dir, "clang")),
    ("%mlir_include", config.mlir_include_dir),
    ("%dorefa_src", config.dorefa_src_root),
    ("%dorefa_obj", config.dorefa_obj_root),
    ("%models", models),
    ("%build_aarch64_run", build_aarch64_run),
]

llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.dorefa_tools_dir, append_path=True)
llvm_config.add_tool_substitutions(
    [
        "bpa-as",
        "bpa-dis",
        "bpa-fuzz",
        "bpa-run",
        "bpa-verify",
        "dorefa-compile",
        "dorefa-emulate",
        "dorefa-fuzz",
        "dorefa-interpret",
        "dorefa-lsp-server",
        "dorefa-opt",
        "dorefa-prove",
        "dorefa-reduce",
        "dorefa-run",
        "dorefa-translate",
        "FileCheck",
        "llvm-nm",
        "llvm-objcopy",
        "llvm-readelf",
        "llvm-tblgen",
        "mlir-opt",
        "not",
        "split-file",
    ],
    [config.dorefa_tools_dir, config.llvm_tools_dir],
)
