# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""dorefa.Executable on models written by hand; DOREFA_TEST_MODELS holds them."""

import gc
import os
import shutil
import struct
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

import numpy as np

import dorefa

MODELS = Path(os.environ["DOREFA_TEST_MODELS"])


class TestCase(unittest.TestCase):
    def fails(self, error: type[Exception], text: str, function: Any, *arguments: Any) -> None:
        """The call raises `error` with a message that contains `text`."""
        with self.assertRaises(error) as caught:
            function(*arguments)
        self.assertIn(text, str(caught.exception))


class Describe(TestCase):
    def test_tensors(self) -> None:
        toy = dorefa.load(MODELS / "toy.so")
        self.assertEqual((toy.name, toy.target), ("toy", "toy-target v2"))
        self.assertEqual(toy.inputs, (dorefa.TensorInfo("image", np.dtype("float32"), (-1, 2, 2)),))
        self.assertEqual([str(info) for info in toy.outputs], ["float32 (batch, 3)"])
        self.assertIn("  input   image: float32 (batch, 2, 2)", repr(toy))

    def test_scalar(self) -> None:
        outputs = dorefa.load(MODELS / "two.so").outputs
        self.assertEqual([str(info) for info in outputs], ["int32 (batch, 3)", "int64 ()"])
        self.assertEqual([info.has_batch for info in outputs], [True, False])


class Run(TestCase):
    def setUp(self) -> None:
        self.toy = dorefa.load(MODELS / "toy.so")
        self.two = dorefa.load(str(MODELS / "two.so"))

    def test_one_input(self) -> None:
        image = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
        golden = np.float32([[6, 12, 18], [22, 44, 66]])
        for inputs in ({"image": image}, image):
            outputs = self.toy.run(inputs)
            self.assertEqual(list(outputs), ["scores"])
            self.assertEqual(outputs["scores"].dtype, np.float32)
            np.testing.assert_array_equal(outputs["scores"], golden)

    def test_every_batch(self) -> None:
        for batch in (1, 2, 15, 16, 17, 1000):
            image = np.random.default_rng(batch).integers(0, 9, (batch, 2, 2)).astype("f4")
            golden = image.sum((1, 2))[:, None] * np.float32([1, 2, 3])
            np.testing.assert_array_equal(self.toy.run(image)["scores"], golden)

    def test_memory_order(self) -> None:
        image = np.arange(48, dtype=np.float32).reshape(4, 4, 3)
        shifted = np.frombuffer(b"\0" + image.tobytes(), np.float32, 48, offset=1)
        for other in (
            image.transpose(2, 0, 1)[:, ::2, ::2],
            np.asfortranarray(image[:2, :2].transpose(2, 0, 1)),
            image[::-1, :2, 1:],
            shifted.reshape(12, 2, 2),
        ):
            same = np.ascontiguousarray(other)
            self.assertFalse(other.flags.c_contiguous and other.flags.aligned)
            expected = self.toy.run(same)["scores"]
            np.testing.assert_array_equal(self.toy.run(other)["scores"], expected)

    def test_read_only(self) -> None:
        image = np.ones((1, 2, 2), np.float32)
        image.flags.writeable = False
        self.assertEqual(self.toy.run(image)["scores"][0, 0], 4)

    def test_two_inputs(self) -> None:
        a, b = np.uint8([[1, 2, 255]]), np.int32([[10, 20, -30]])
        outputs = self.two.run({"b=2": b, "a": a})
        np.testing.assert_array_equal(outputs["sum"], [[11, 22, 225]])
        self.assertEqual((outputs["count"].shape, outputs["count"][()]), ((), 3))

    def test_outputs_are_new(self) -> None:
        image = np.ones((1, 2, 2), np.float32)
        first = self.toy.run(image)["scores"]
        self.toy.run(2 * image)
        np.testing.assert_array_equal(first, [[4, 8, 12]])

    def test_threads(self) -> None:
        wrong: list[int] = []

        def work(value: int) -> None:
            image = np.full((500, 2, 2), value, np.float32)
            for _ in range(100):
                if not (self.toy.run(image)["scores"][:, 2] == 12 * value).all():
                    wrong.append(value)

        threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class Profile(TestCase):
    def test_layers(self) -> None:
        toy = dorefa.load(MODELS / "toy.so")
        (layer,) = toy.profile(np.ones((5, 2, 2), np.float32), repeat=3)
        self.assertEqual(
            (layer.name, layer.operation, layer.kernel), ("scores", "matmul", "by hand")
        )
        self.assertEqual((layer.macs, layer.predicted), (15, None))
        self.assertTrue(0 < layer.seconds < 1)

    def test_no_layers(self) -> None:
        inputs = {"a": np.uint8([[1, 2, 3]]), "b=2": np.int32([[1, 2, 3]])}
        self.assertEqual(dorefa.load(MODELS / "two.so").profile(inputs), ())

    def test_refused(self) -> None:
        toy = dorefa.load(MODELS / "toy.so")
        self.fails(TypeError, "is float64", toy.profile, np.zeros((1, 2, 2)))
        with self.assertRaisesRegex(ValueError, "repeat is 0 but must be at least 1"):
            toy.profile(np.zeros((1, 2, 2), np.float32), repeat=0)


class RefusedInputs(TestCase):
    def setUp(self) -> None:
        self.toy = dorefa.load(MODELS / "toy.so").run
        self.two = dorefa.load(MODELS / "two.so").run

    def test_type(self) -> None:
        self.fails(
            TypeError,
            "input 'image' is float64 (1, 2, 2) but must be float32 (batch, 2, 2); "
            'convert it with array.astype("float32")',
            self.toy,
            np.zeros((1, 2, 2)),
        )
        self.fails(TypeError, "is >f4 (1, 2, 2) but", self.toy, np.zeros((1, 2, 2), ">f4"))
        self.fails(
            TypeError,
            'if every value fits, convert it with array.astype("uint8")',
            self.two,
            {"a": np.zeros((1, 3), int), "b=2": np.zeros((1, 3), "i4")},
        )

    def test_not_an_array(self) -> None:
        text = (
            "input 'image' is builtins.list but must be a numpy.ndarray of float32 (batch, 2, 2); "
            'convert it with numpy.asarray(x, dtype="float32")'
        )
        self.fails(TypeError, text, self.toy, [[[0.0, 0.0], [0.0, 0.0]]])
        self.fails(TypeError, text, self.toy, {"image": [[[0.0, 0.0], [0.0, 0.0]]]})
        self.fails(TypeError, "is builtins.NoneType but", self.toy, None)

    def test_shape(self) -> None:
        def check(shape: tuple[int, ...], fix: str) -> None:
            message = f"input 'image' is float32 {shape} but must be float32 (batch, 2, 2){fix}"
            with self.assertRaises(ValueError) as caught:
                self.toy(np.zeros(shape, "f4"))
            self.assertEqual(str(caught.exception), message)

        check((2, 2), "; add the batch with array[None]")
        check((5, 4), "; change it with array.reshape(5, 2, 2)")
        check((5, 1, 2, 2), "; change it with array.reshape(5, 2, 2)")
        check((1, 2, 3), "")
        check((), "")
        check((4,), "")
        check((0, 4), "; change it with array.reshape(0, 2, 2)")

    def test_shape_of_images(self) -> None:
        run = dorefa.load(MODELS / "image.so").run
        self.fails(ValueError, "array.transpose(0, 3, 1, 2)", run, np.zeros((2, 8, 6, 3), "f4"))
        self.fails(ValueError, "array[None]", run, np.zeros((3, 8, 6), "f4"))
        self.fails(ValueError, "array.reshape(9, 3, 8, 6)", run, np.zeros((9, 144), "f4"))

    def test_fixed_batch(self) -> None:
        run = dorefa.load(MODELS / "fixed.so").run
        self.assertEqual(run(np.ones((1, 2, 2), "f4"))["scores"].shape, (1, 3))
        self.fails(
            ValueError,
            "is float32 (7, 2, 2) but must be float32 (1, 2, 2); "
            "the batch is fixed in the source file, so run 1 at a time",
            run,
            np.ones((7, 2, 2), "f4"),
        )

    def test_batch(self) -> None:
        self.fails(
            ValueError,
            "input 'image' has a batch of 0 but must have at least 1",
            self.toy,
            np.zeros((0, 2, 2), "f4"),
        )
        self.fails(
            ValueError,
            "input 'b=2' has a batch of 2 but must have 1 like input 'a'",
            self.two,
            {"a": np.zeros((1, 3), "u1"), "b=2": np.zeros((2, 3), "i4")},
        )

    def test_names(self) -> None:
        a, b = np.zeros((1, 3), "u1"), np.zeros((1, 3), "i4")
        known = "the inputs are 'a', 'b=2'"
        self.fails(ValueError, f"input 'b=2' is missing; {known}", self.two, {"a": a})
        self.fails(
            ValueError,
            f"no input is named 'c'; {known}",
            self.two,
            {"a": a, "b=2": b, "c": a},
        )
        self.fails(TypeError, f"inputs must be a dict of arrays by name; {known}", self.two, a)
        self.fails(ValueError, "input 'image' is missing; the input is 'image'", self.toy, {})


class RefusedModels(TestCase):
    def test_damaged_files(self) -> None:
        def check(name: str, text: str) -> None:
            path = MODELS / name
            self.fails(dorefa.LoadError, f"{path}: {text}", dorefa.load, path)

        check("missing.so", "cannot be read: No such file or directory")
        check("", "cannot be read: Is a directory")
        check("truncated.so", "is a truncated library; compile the model again")
        check("half.so", "is a truncated library; compile the model again")
        check("headers.so", "is a truncated library; compile the model again")
        check("machine.so", "was compiled for another kind of processor")

    def test_other_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.so"
            for content in (b"", b"text", struct.pack("64x"), b"\x7fELF"):
                path.write_bytes(content)
                self.fails(dorefa.LoadError, "is not a shared library; compile", dorefa.load, path)

    def test_damaged_models(self) -> None:
        for name, text in {
            "status-cpu": "was compiled for 'toy-target v2' but this processor lacks",
            "status-version": "has another version of the binary interface than 5; recompile",
            "abi": "has another version of the binary interface than 5; recompile",
            "status-77": "returned the unknown status 77",
            "null-run": "has a damaged description: a field of the model is null",
            "null-inputs": "has a damaged description: it has no inputs but says there are 1",
            "null-layers": "has a damaged description: it has no layers but says there are 1",
            "layer": "has a damaged description: layer 0 has no name, operation or kernel",
            "type": "has a damaged description: input 0 has no name or no known element type",
            "rank-9": "has a damaged description: input 0 has rank 9",
            "rank-negative": "has a damaged description: input 0 has rank -1",
            "dim": "has a damaged description: input 0 has rank 3 and shape (-1, -2, 2)",
            "symbol": "is a library without the function 'dorefa_model_open'; a model that was "
            "compiled with --symbol-prefix=P needs symbol_prefix='P' here",
        }.items():
            with self.subTest(name):
                self.fails(dorefa.LoadError, text, dorefa.load, MODELS / f"{name}.so")

    def test_refused_run(self) -> None:
        image = np.zeros((1, 2, 2), "f4")
        refusing = dorefa.load(MODELS / "run-argument.so")
        self.fails(dorefa.RunError, "refused its arguments", refusing.run, image)
        refusing = dorefa.load(MODELS / "run-workspace.so")
        self.fails(dorefa.RunError, "refused its workspace", refusing.run, image)

    def test_symbol_prefix(self) -> None:
        loaded = dorefa.load(MODELS / "symbol.so", symbol_prefix="digits")
        self.assertEqual(loaded.name, "toy")

    def test_same_errors(self) -> None:
        self.assertTrue(issubclass(dorefa.LoadError, dorefa.Error))
        self.assertTrue(issubclass(dorefa.RunError, dorefa.Error))


class Files(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.model = self.folder / "model.so"
        shutil.copyfile(MODELS / "toy.so", self.model)

    def replace(self, name: str) -> None:
        """Puts another model in the place of the first as the compiler does."""
        shutil.copyfile(MODELS / name, self.folder / "new")
        os.replace(self.folder / "new", self.model)

    def test_replaced_file_is_loaded(self) -> None:
        old = dorefa.load(self.model)
        self.replace("two.so")
        new = dorefa.load(self.model)
        self.assertEqual([info.name for info in new.inputs], ["a", "b=2"])
        self.assertEqual(old.run(np.ones((1, 2, 2), "f4"))["scores"][0, 0], 4)

    def test_save(self) -> None:
        copy = self.folder / "copy.so"
        dorefa.load(self.model).save(copy)
        self.assertEqual(copy.read_bytes(), self.model.read_bytes())

    def test_save_replaced_file(self) -> None:
        old = dorefa.load(self.model)
        self.replace("two.so")
        copy = self.folder / "copy.so"
        self.fails(dorefa.Error, "has been replaced since it was loaded", old.save, copy)
        self.assertEqual(sorted(os.listdir(self.folder)), ["model.so"])

    def test_report(self) -> None:
        self.fails(dorefa.Error, "was loaded, and a report is", dorefa.load(self.model).report)

    def test_closed_when_dropped(self) -> None:
        loaded = dorefa.load(self.model)
        self.assertIn(str(self.model), Path("/proc/self/maps").read_text())
        self.assertEqual(loaded.name, "toy")
        del loaded
        gc.collect()
        self.assertNotIn(str(self.model), Path("/proc/self/maps").read_text())


if __name__ == "__main__":
    unittest.main()
