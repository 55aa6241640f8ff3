# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The package on the digits network: compiled code gives the interpreter's bits."""

import doctest
import importlib
import os
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np

import dorefa

SOURCE = Path(__file__).resolve().parents[2]
MODEL = SOURCE / "examples" / "digits" / "digits.onnx"


def random_images(batch: int) -> np.ndarray:
    """Pictures [batch, 1, 8, 8] with pixels 0 to 16."""
    return np.random.default_rng(batch).integers(0, 17, (batch, 1, 8, 8)).astype(np.float32)


class Digits(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.executable = dorefa.compile(MODEL, require_low_bit=True)

    def test_tensors(self) -> None:
        described = [f"{t.name}: {t}" for t in self.executable.inputs + self.executable.outputs]
        self.assertEqual(
            described, ["image: float32 (batch, 1, 8, 8)", "scores: float32 (batch, 10)"]
        )

    def test_every_bit_as_interpreted(self) -> None:
        for batch in (1, 2, 7, 33):
            with self.subTest(batch=batch):
                images = random_images(batch)
                scores = self.executable.run({"image": images})["scores"]
                golden = dorefa.interpret(MODEL, images)["scores"]
                self.assertEqual(scores.shape, (batch, 10))
                self.assertEqual(scores.tobytes(), golden.tobytes())

    def test_threads(self) -> None:
        images = random_images(500)
        expected = self.executable.run(images)["scores"].tobytes()
        self.assertFalse(self.executable.uses_openmp)
        self.assertEqual(self.executable.run(images, threads=2)["scores"].tobytes(), expected)
        parallel = dorefa.compile(MODEL, openmp=True)
        self.assertTrue(parallel.uses_openmp)
        for threads in (0, 1, 2, 3):
            self.assertEqual(parallel.run(images, threads=threads)["scores"].tobytes(), expected)
        with self.assertRaisesRegex(ValueError, "threads is -1 but must be at least 1"):
            parallel.run(images, threads=-1)
        names = [layer.name for layer in parallel.profile(images, threads=2, repeat=1)]
        self.assertEqual(names, ["conv0", "conv1", "conv2", "fc3", "scores"])

    def test_batch_is_its_images(self) -> None:
        images = random_images(9)
        scores = self.executable.run(images)["scores"]
        for index in range(9):
            alone = self.executable.run(images[index][None])["scores"]
            np.testing.assert_array_equal(alone[0], scores[index])

    def test_report_has_every_layer(self) -> None:
        report = self.executable.report()
        for layer in ("conv0", "conv1", "conv2", "fc3", "scores"):
            self.assertIn(f"| {layer} ", report)

    def test_saved(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.executable.save(Path(folder) / "digits.so")
            loaded = dorefa.load(Path(folder) / "digits.so")
        images = random_images(3)
        np.testing.assert_array_equal(
            loaded.run(images)["scores"], self.executable.run(images)["scores"]
        )

    def test_trace(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace.npz"
            scores = dorefa.interpret(MODEL, random_images(2), trace=trace)["scores"]
            with np.load(trace) as archive:
                np.testing.assert_array_equal(archive["scores"], scores)


class Examples(unittest.TestCase):
    """What the documentation shows is what happens."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        shutil.copy(MODEL, "digits.onnx")

    def test_docstrings(self) -> None:
        for name in ("dorefa", "dorefa.compiler", "dorefa.executable"):
            with self.subTest(name):
                module = importlib.import_module(name)
                result = doctest.testmod(module)
                self.assertEqual(result.failed, 0)
                self.assertGreater(result.attempted, 0)

    def test_pages(self) -> None:
        for page in ("docs/python.md", "python/README.md"):
            with self.subTest(page):
                result = doctest.testfile(
                    str(SOURCE / page), module_relative=False, optionflags=doctest.ELLIPSIS
                )
                self.assertEqual(result.failed, 0)
                self.assertGreater(result.attempted, 0)


if __name__ == "__main__":
    unittest.main()
