# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the package finds and calls the programs; small scripts stand in for the compiler."""

import gc
import os
import shlex
import tempfile
import unittest
import warnings
from pathlib import Path
from unittest import mock

import numpy as np

import dorefa

TOY = Path(os.environ["DOREFA_TEST_TOY"])
NETWORK = """func.func @main(%a: tensor<?x3xf32> {dorefa.name = "a b"}, %b: tensor<f32>)
    -> (tensor<?x3xf32> {dorefa.name = "y=z"}, tensor<f32>) {
  return %a, %b : tensor<?x3xf32>, tensor<f32>
}
"""


class TestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write_program(self, body: str, name: str = "dorefa-compile") -> None:
        """Makes a program of a shell script and lets the package find no other."""
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
        patch = mock.patch.dict(os.environ, DOREFA_BIN=str(programs))
        patch.start()
        self.addCleanup(patch.stop)

    def write_compiler(self, more: str = "") -> None:
        """A compiler that gives the toy for any model and notes its arguments."""
        self.write_program(
            f"""printf '%s\\n' "$@" >{shlex.quote(str(self.folder))}/arguments
            cp {shlex.quote(str(TOY))} "$3"
            echo '| layer |' >"${{5#--report=}}"
            {more}"""
        )

    def arguments(self) -> list[str]:
        return (self.folder / "arguments").read_text().splitlines()


class Compile(TestCase):
    def test_defaults(self) -> None:
        self.write_compiler()
        executable = dorefa.compile("net.onnx")
        model, _, output, cpu, report = self.arguments()
        self.assertEqual((model, cpu), ("net.onnx", "--mcpu=native"))
        self.assertEqual(executable.path, Path(output))
        self.assertEqual(executable.report(), "| layer |\n")
        self.assertEqual(executable.run(np.ones((1, 2, 2), "f4"))["scores"][0, 0], 4)
        temporary = executable.path.parent
        self.assertTrue(report.startswith(f"--report={temporary}"))
        executable.save(self.folder / "kept.so")
        self.assertEqual(dorefa.load(self.folder / "kept.so").name, "toy")
        del executable
        gc.collect()
        self.assertFalse(temporary.exists())

    def test_options(self) -> None:
        self.write_compiler()
        output, report = self.folder / "net.so", self.folder / "net.md"
        executable = dorefa.compile(
            Path("net.mlir"), output, mcpu="x86-64-v3", report=report, require_low_bit=True
        )
        self.assertEqual(
            self.arguments(),
            ["net.mlir", "-o", str(output), "--mcpu=x86-64-v3", f"--report={report}"]
            + ["--require-low-bit"],
        )
        self.assertEqual(executable.report(), report.read_text())
        del executable
        gc.collect()
        self.assertTrue(output.exists())

    def test_refused_model(self) -> None:
        self.write_program(
            "echo \"net.onnx: 'conv1': error: strides must be positive\" >&2; exit 1"
        )
        with self.assertRaises(dorefa.CompileError) as caught:
            dorefa.compile("net.onnx")
        error = caught.exception
        self.assertEqual(error.diagnostics, "net.onnx: 'conv1': error: strides must be positive")
        self.assertEqual(str(error), f"net.onnx cannot be compiled\n{error.diagnostics}")

    def test_killed(self) -> None:
        self.write_program("kill -9 $$")
        with self.assertRaises(dorefa.CompileError) as caught:
            dorefa.compile("net.onnx")
        self.assertEqual(
            str(caught.exception),
            "net.onnx cannot be compiled: dorefa-compile was ended by SIGKILL",
        )

    def test_failure_leaves_nothing(self) -> None:
        temporary = self.folder / "temporary"
        temporary.mkdir()
        self.write_program('echo half >"$3"; exit 1')
        with mock.patch.object(tempfile, "tempdir", str(temporary)):
            self.assertRaises(dorefa.CompileError, dorefa.compile, "net.onnx")
        self.assertEqual(os.listdir(temporary), [])

    def test_warning(self) -> None:
        self.write_compiler("echo 'net.onnx: warning: thresholds are not sorted' >&2")
        with self.assertWarnsRegex(UserWarning, "thresholds are not sorted") as caught:
            dorefa.compile("net.onnx")
        self.assertEqual(Path(caught.filename), Path(__file__))

    def test_no_warning(self) -> None:
        self.write_compiler()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            dorefa.compile("net.onnx")
            gc.collect()


class Interpret(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.model = self.folder / "net.mlir"
        self.model.write_text(NETWORK)
        self.a = np.arange(6, dtype=np.float32).reshape(2, 3)
        self.b = np.array(-3.5, np.float32)

    def test_run(self) -> None:
        for a in (self.a, np.asfortranarray(self.a), self.a[::-1]):
            outputs = dorefa.interpret(self.model, {"a b": a, "input1": self.b})
            self.assertEqual(list(outputs), ["y=z", "output1"])
            np.testing.assert_array_equal(outputs["y=z"], a)
            self.assertEqual((outputs["output1"].shape, outputs["output1"][()]), ((), -3.5))

    def test_refused_inputs(self) -> None:
        with self.assertRaisesRegex(ValueError, "input 'input1' is missing; the inputs are 'a b'"):
            dorefa.interpret(self.model, {"a b": self.a})
        with self.assertRaisesRegex(TypeError, r"'a b' is float64 \(2, 3\) but must be float32"):
            dorefa.interpret(self.model, {"a b": self.a.astype(float), "input1": self.b})

    def test_refused_model(self) -> None:
        self.model.write_text("func.func @main() { garbage }")
        with self.assertRaises(dorefa.InterpretError) as caught:
            dorefa.interpret(self.model, {})
        self.assertIn("net.mlir cannot be interpreted\n", str(caught.exception))
        self.assertIn("error: ", caught.exception.diagnostics)

    def test_trace(self) -> None:
        self.model.write_text(
            """func.func @main(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
              %0 = dorefa.unary neg %x : tensor<?x3xf32> loc("negated")
              return %0 : tensor<?x3xf32>
            }"""
        )
        trace = self.folder / "trace.npz"
        outputs = dorefa.interpret(self.model, self.a, trace=trace)
        with np.load(trace) as archive:
            self.assertEqual(archive.files, ["negated"])
            np.testing.assert_array_equal(archive["negated"], outputs["output0"])


class Find(TestCase):
    def test_explicit_folder_only(self) -> None:
        with (
            mock.patch.dict(os.environ, DOREFA_BIN=str(self.folder)),
            self.assertRaises(dorefa.ProgramNotFoundError) as caught,
        ):
            dorefa.compile("net.onnx")
        self.assertEqual(
            str(caught.exception),
            f"the program dorefa-compile is not in DOREFA_BIN={self.folder}; build dorefa-mlir "
            "with scripts/build and set DOREFA_BIN to the folder build/bin of the checkout",
        )

    def test_path(self) -> None:
        self.write_program("exit 1", "dorefa-only-here")
        from dorefa.programs import find_program

        found = find_program("dorefa-only-here")
        folder = os.environ.pop("DOREFA_BIN")
        self.assertRaises(dorefa.ProgramNotFoundError, find_program, "dorefa-only-here")
        with mock.patch.dict(os.environ, PATH=f"/nowhere:{folder}"):
            self.assertEqual(find_program("dorefa-only-here"), found)


if __name__ == "__main__":
    unittest.main()
