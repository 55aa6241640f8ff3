# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models for a GPU: in the emulator, and what is said where there is none.

DOREFA_TEST_MODEL is a network of floats; LD_LIBRARY_PATH leads to no driver.
"""

import gc
import os
import threading
import unittest
from pathlib import Path

import numpy as np

import dorefa

MODEL = Path(os.environ["DOREFA_TEST_MODEL"])


def random(batch: int) -> np.ndarray:
    return np.random.default_rng(batch).uniform(-1, 1, (batch, 4)).astype(np.float32)


class Emulator(unittest.TestCase):
    def setUp(self) -> None:
        self.model = dorefa.compile(MODEL, target="gpu", chip="sm_90", device="emulator")

    def test_description(self) -> None:
        self.assertEqual(self.model.device, "emulator")
        self.assertEqual(self.model.target, "nvptx64-nvidia-cuda sm_90")
        self.assertRegex(self.model.report(), r"\| float +\|")

    def test_every_batch(self) -> None:
        for batch in (1, 5, 2, 5, 300):
            expected = dorefa.interpret(MODEL, random(batch))["y"]
            self.assertEqual(self.model.run(random(batch))["y"].tobytes(), expected.tobytes())

    def test_threads_take_turns(self) -> None:
        expected = dorefa.interpret(MODEL, random(9))["y"].tobytes()
        wrong: list[bytes] = []

        def work() -> None:
            for _ in range(5):
                found = self.model.run(random(9))["y"].tobytes()
                if found != expected:
                    wrong.append(found)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_profile(self) -> None:
        (layer,) = self.model.profile(random(3), repeat=2)
        self.assertEqual((layer.operation, layer.kernel, layer.macs), ("matmul", "float", 48))
        self.assertTrue(0 < layer.seconds < 10)

    def test_closed_when_dropped(self) -> None:
        self.model.run(random(1))
        path = str(self.model.path)
        self.assertIn(path, Path("/proc/self/maps").read_text())
        del self.model
        gc.collect()
        self.assertNotIn(path, Path("/proc/self/maps").read_text())


class Refused(unittest.TestCase):
    def setUp(self) -> None:
        self.model = dorefa.compile(MODEL, target="gpu")

    def test_no_driver(self) -> None:
        self.assertEqual(self.model.device, "gpu")
        for _ in range(2):
            with self.assertRaises(dorefa.RunError) as caught:
                self.model.run(random(1))
            self.assertEqual(
                str(caught.exception),
                f"{self.model.path}: no device: there is no GPU driver (libcuda.so.1); "
                'use device="emulator"',
            )

    def test_unknown_device(self) -> None:
        loaded = dorefa.load(self.model.path, device="toaster")
        with self.assertRaisesRegex(dorefa.RunError, "device is 'toaster' but must be gpu, gpu:N"):
            loaded.run(random(1))

    def test_processor(self) -> None:
        with self.assertRaisesRegex(dorefa.LoadError, "was compiled for the processor and runs on"):
            dorefa.compile(MODEL, device="gpu")

    def test_chip(self) -> None:
        with self.assertRaises(dorefa.CompileError) as caught:
            dorefa.compile(MODEL, target="gpu", chip="sm_33")
        self.assertIn("chip is 'sm_33' but must be native or one of", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
