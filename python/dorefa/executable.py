# ===- executable.py - Compiled models in this process --------------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models in this process: include/dorefa-c/Model.h by means of ctypes."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import platform
import shutil
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from .errors import Error, LoadError, ProgramNotFoundError, RunError
from .programs import find_program
from .tensors import Array, Inputs, TensorInfo, check_inputs

_ABI_VERSION = 5
_WORKSPACE_ALIGNMENT = 64
_MAX_RANK = 8
_OK, _ERROR_VERSION, _ERROR_CPU, _ERROR_ARGUMENT, _ERROR_WORKSPACE, _ERROR_DEVICE = range(6)
_ELEMENT_TYPES = ("float32", "int32", "int64", "uint8", "int8")
#: What simulates a device, in the folder `lib` beside that of the programs.
_SIMULATORS = {
    "emulator": "libdorefa-emulator.so",
    "bpa-func": "libdorefa-bpa.so",
    "bpa-cycle": "libdorefa-bpa.so",
}


class _TensorInfo(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("element_type", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("dims", ctypes.c_int64 * _MAX_RANK),
    ]


class _LayerInfo(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("operation", ctypes.c_char_p),
        ("kernel", ctypes.c_char_p),
        ("macs", ctypes.c_int64),
        ("predicted_ns", ctypes.c_int64),
    ]


_NOTIFY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int32)


class _RunOptions(ctypes.Structure):
    _fields_ = [
        ("notify", _NOTIFY),
        ("context", ctypes.c_void_p),
        ("num_threads", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("session", ctypes.c_void_p),
        ("layer_seconds", ctypes.POINTER(ctypes.c_double)),
        ("device_seconds", ctypes.POINTER(ctypes.c_double)),
        ("engine_trace", ctypes.c_char_p),
        ("waves", ctypes.c_char_p),
        ("engine_counters", ctypes.POINTER(ctypes.c_char_p)),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("num_inputs", ctypes.c_uint32),
        ("num_outputs", ctypes.c_uint32),
        ("num_layers", ctypes.c_uint32),
        ("uses_openmp", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("inputs", ctypes.POINTER(_TensorInfo)),
        ("outputs", ctypes.POINTER(_TensorInfo)),
        ("layers", ctypes.POINTER(_LayerInfo)),
        ("name", ctypes.c_char_p),
        ("target", ctypes.c_char_p),
        ("workspace_size", ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)),
        (
            "run",
            ctypes.CFUNCTYPE(
                ctypes.c_int32,
                ctypes.POINTER(ctypes.c_void_p),
                ctypes.POINTER(ctypes.c_void_p),
                ctypes.c_int64,
                ctypes.c_void_p,
                ctypes.POINTER(_RunOptions),
            ),
        ),
        (
            "open_session",
            ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)),
        ),
        ("close_session", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("session_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)),
    ]


@dataclasses.dataclass(frozen=True)
class LayerTime:
    """A layer in a profile.

    Attributes: `name` in the source file; `operation` ("conv_2d", "matmul"); `kernel` ("float",
    "popcount", ...); `macs`, its multiply-adds in one run; `predicted` seconds of a run, None where
    the compiler predicted nothing; `seconds`, the median of the runs.
    """

    name: str
    operation: str
    kernel: str
    macs: int
    predicted: float | None
    seconds: float


def _check_file(path: Path) -> None:
    """Checks what dlopen does not: a truncated library would crash this process."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(64)
            if len(header) < 64 or header[:6] != b"\x7fELF\x02\x01":
                raise LoadError(
                    f"{path}: is not a shared library; compile the model with dorefa.compile first"
                )
            if header[18:20] != Path("/proc/self/exe").read_bytes()[18:20]:
                raise LoadError(
                    f"{path}: was compiled for another kind of processor but this machine is "
                    f"{platform.machine()}; recompile it here"
                )
            (start,) = struct.unpack_from("<Q", header, 32)
            (count,) = struct.unpack_from("<H", header, 56)
            ends = [start + 56 * count]
            if ends[0] <= size:
                file.seek(start)
                segments = struct.iter_unpack("<2I6Q", file.read(56 * count))
                ends += [offset + length for _, _, offset, _, _, length, _, _ in segments]
    except OSError as error:
        raise LoadError(f"{path}: cannot be read: {error.strerror}") from error
    if max(ends) > size:
        raise LoadError(f"{path}: is a truncated library; compile the model again")


def _open_library(path: Path) -> ctypes.CDLL:
    _check_file(path)
    # dlopen takes a name that it has seen before for the same library, even if the file has been
    # replaced by a newly compiled one; a link gives it a name that is new.
    with tempfile.TemporaryDirectory(prefix="dorefa-") as folder:
        link = Path(folder) / "model.so"
        link.symlink_to(path.resolve())
        try:
            return ctypes.CDLL(str(link), mode=os.RTLD_NOW | os.RTLD_LOCAL)
        except OSError as error:
            raise LoadError(f"{path}: cannot be loaded: {error}") from error


def _close_library(handle: int) -> None:
    close: Any = ctypes.CDLL(None).dlclose
    close(ctypes.c_void_p(handle))


def _aligned_workspace(size: int) -> Array:
    memory = np.empty(size + _WORKSPACE_ALIGNMENT, np.uint8)
    skipped = -memory.ctypes.data % _WORKSPACE_ALIGNMENT
    return memory[skipped : skipped + size]


def _addresses(arrays: list[Array]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def _with_library(device: str) -> str:
    """The device, with the path of what simulates it where that is beside our programs."""
    if device in _SIMULATORS:
        try:
            programs = Path(find_program("dorefa-run")).resolve().parent
        except ProgramNotFoundError:
            return device
        library = programs.parent / "lib" / _SIMULATORS[device]
        if library.exists():
            return f"{device}:{library}"
    return device


class Executable:
    """A compiled model, loaded into this process.

    Attributes: `name` of the network in its source file; `target` it was compiled for; `path` of
    the shared object; `inputs` and `outputs`, a TensorInfo each; `uses_openmp`, whether a run
    spreads over threads; `device` that it runs on, None for the processor. A model for the
    processor keeps no state: threads
    may call `run` at the same time, and Python goes on in other threads meanwhile. One for a
    device keeps weights and buffers there from the first run on, and runs one at a time.

    >>> import dorefa, numpy as np
    >>> executable = dorefa.compile("digits.onnx")
    >>> for info in executable.inputs + executable.outputs:
    ...     print(info.name, info)
    image float32 (batch, 1, 8, 8)
    scores float32 (batch, 10)
    >>> images = np.zeros((5, 1, 8, 8), np.float32)  # pixels 0 to 16
    >>> executable.run({"image": images})["scores"].shape
    (5, 10)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        symbol_prefix: str = "dorefa_model",
        device: str | None = None,
        report: str | None = None,
    ) -> None:
        """Loads a shared object, whose one function is `<symbol_prefix>_open`.

        `device` is as for `load`. Loading runs code of the file: load only what you trust. Raises
        LoadError.
        """
        self.path = Path(path)
        self._report = report
        library = _open_library(self.path)
        handle: int = library._handle  # pyright: ignore[reportPrivateUsage]
        # A daemon thread may still be in the library when Python ends.
        weakref.finalize(self, _close_library, handle).atexit = False
        self._identity = self._stat()
        self._model = self._open_model(library, f"{symbol_prefix}_open")
        self.name = os.fsdecode(self._model.name)
        self.target = os.fsdecode(self._model.target)
        self.inputs = self._read_infos("input", self._model.num_inputs, self._model.inputs)
        self.outputs = self._read_infos("output", self._model.num_outputs, self._model.outputs)
        self._layers = self._read_layers()
        self.uses_openmp = self._model.uses_openmp != 0
        self.device = self._choose_device(device)
        self._session: ctypes.c_void_p | None = None
        self._lock = threading.Lock()

    def _choose_device(self, device: str | None) -> str | None:
        if self._model.open_session:
            return device or ("bpa-func" if "bpa" in self.target else "gpu")
        if device is not None:
            self._fail(
                "was compiled for the processor and runs on no device; compile it with "
                'target="gpu"'
            )
        return None

    def _open_session(self) -> ctypes.c_void_p:
        """The session on the device; it is opened once and lives as long as the library."""
        if self._session is None:
            session = ctypes.c_void_p()
            device = _with_library(self.device or "")
            status = self._model.open_session(os.fsencode(device), ctypes.byref(session))
            if status != _OK:
                message = self._device_message(session)
                self._model.close_session(session)
                self._fail(message, RunError)
            # Called before the library is closed; not when Python ends, see above.
            weakref.finalize(self, self._model.close_session, session).atexit = False
            self._session = session
        return self._session

    def _device_message(self, session: ctypes.c_void_p) -> str:
        message = os.fsdecode(self._model.session_error(session))
        return message.replace("--device=emulator", 'device="emulator"')

    def _stat(self) -> tuple[int, int, int, int]:
        stat = self.path.stat()
        return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns

    def _fail(self, message: str, error: type[Error] = LoadError) -> NoReturn:
        raise error(f"{self.path}: {message}")

    def _open_model(self, library: ctypes.CDLL, function: str) -> Any:
        try:
            open_model: Callable[..., int] = getattr(library, function)
        except AttributeError:
            self._fail(
                f"is a library without the function '{function}'; a model that was compiled with "
                "--symbol-prefix=P needs symbol_prefix='P' here"
            )
        result = ctypes.POINTER(_Model)()
        status = open_model(ctypes.c_uint32(_ABI_VERSION), ctypes.byref(result))
        if status == _ERROR_CPU:
            target = os.fsdecode(result.contents.target or b"?") if result else "another processor"
            self._fail(
                f"was compiled for '{target}' but this processor lacks some of its instructions; "
                'recompile the model on this machine with mcpu="native"'
            )
        if status == _ERROR_VERSION or (
            status == _OK and result and result.contents.abi_version != _ABI_VERSION
        ):
            self._fail(
                f"has another version of the binary interface than {_ABI_VERSION}; recompile the "
                "model with the dorefa-compile that belongs to this package"
            )
        if status != _OK:
            self._fail(f"returned the unknown status {status}")
        model: Any = result.contents if result else None
        if not (model and model.name and model.target and model.workspace_size and model.run):
            self._fail("has a damaged description: a field of the model is null")
        return model

    def _read_infos(self, role: str, count: int, infos: Any) -> tuple[TensorInfo, ...]:
        """The tensors of the model; nothing is taken on trust."""
        if count > 0 and not infos:
            self._fail(f"has a damaged description: it has no {role}s but says there are {count}")
        result: list[TensorInfo] = []
        for index in range(count):
            info = infos[index]
            if info.name is None or not 0 <= info.element_type < len(_ELEMENT_TYPES):
                self._fail(
                    f"has a damaged description: {role} {index} has no name or no known element type"
                )
            shape = tuple(info.dims[: max(info.rank, 0)])
            if (
                not 0 <= info.rank <= _MAX_RANK
                or min(shape[1:], default=0) < 0
                or (shape and shape[0] < -1)
            ):
                self._fail(
                    f"has a damaged description: {role} {index} has rank {info.rank} and shape "
                    f"{shape}"
                )
            dtype: np.dtype[Any] = np.dtype(_ELEMENT_TYPES[int(info.element_type)])
            result.append(TensorInfo(os.fsdecode(info.name), dtype, shape))
        return tuple(result)

    def _read_layers(self) -> tuple[LayerTime, ...]:
        """The layers of the model, without times."""
        count = self._model.num_layers
        if count > 0 and not self._model.layers:
            self._fail(f"has a damaged description: it has no layers but says there are {count}")
        result: list[LayerTime] = []
        for index in range(count):
            info = self._model.layers[index]
            names = (info.name, info.operation, info.kernel)
            if None in names or min(info.macs, info.predicted_ns) < 0:
                self._fail(
                    f"has a damaged description: layer {index} has no name, operation or kernel, "
                    "or a negative number"
                )
            name, operation, kernel = map(os.fsdecode, names)
            predicted = 1e-9 * info.predicted_ns if info.predicted_ns else None
            result.append(LayerTime(name, operation, kernel, info.macs, predicted, 0.0))
        return tuple(result)

    def _make_options(self, threads: int) -> _RunOptions:
        if not 0 <= threads < 2**31:
            raise ValueError(f"threads is {threads} but must be at least 1, or 0 for the default")
        return _RunOptions(num_threads=threads)

    def run(self, inputs: Inputs, *, threads: int = 0) -> dict[str, Array]:
        """Runs the network and returns new arrays by the names of the outputs.

        `inputs` maps names to arrays, or is one array where the network has one input. Each must
        have the dtype and shape of its TensorInfo; types are never converted. All inputs with a
        batch share it. Arrays that are not contiguous are copied first.

        A model that was compiled with `openmp` uses at most so many `threads`; 0 stands for what
        OMP_NUM_THREADS says, else for all processors. The result does not depend on it.

        Raises TypeError or ValueError that says how to convert an array that does not fit,
        and RunError if the model refuses its arguments or its device fails.
        """
        arrays, batch = check_inputs(self.inputs, inputs)
        options = self._make_options(threads)
        return self._run(arrays, batch, self._allocate_workspace(batch), options)

    def _allocate_workspace(self, batch: int) -> Array:
        size: int = self._model.workspace_size(batch)
        if size < 0:
            self._fail(f"wants a workspace of {size} bytes for a batch of {batch}", RunError)
        return _aligned_workspace(size)

    def _run(
        self, arrays: list[Array], batch: int, workspace: Array, options: _RunOptions
    ) -> dict[str, Array]:
        outputs = [np.empty(info.with_batch(batch), info.dtype) for info in self.outputs]

        def call() -> int:
            return int(
                self._model.run(
                    _addresses(arrays),
                    _addresses(outputs),
                    batch,
                    workspace.ctypes.data,
                    ctypes.byref(options),
                )
            )

        if self.device is None:
            status = call()
        else:
            with self._lock:
                options.session = self._open_session()
                status = call()
                if status == _ERROR_DEVICE:
                    self._fail(self._device_message(self._open_session()), RunError)
        if status == _ERROR_ARGUMENT:
            self._fail(f"refused its arguments (unsupported batch of {batch}?)", RunError)
        if status == _ERROR_WORKSPACE:
            self._fail("refused its workspace (null or not aligned)", RunError)
        if status != _OK:
            self._fail(f"returned the unknown status {status}", RunError)
        return {info.name: array for info, array in zip(self.outputs, outputs)}

    def profile(
        self, inputs: Inputs, *, repeat: int = 20, threads: int = 0
    ) -> tuple[LayerTime, ...]:
        """Runs the network once and then `repeat` times; the median time of each layer.

        What runs between layers (pools, elementwise operations, padding) is not in any of them.
        A GPU reads its own clock. Python's part in reading that of the processor is about a
        microsecond per layer; `dorefa-run --profile`
        does the same without. Raises what `run` raises, and ValueError for a `repeat` below 1.
        """
        if repeat < 1:
            raise ValueError(f"repeat is {repeat} but must be at least 1")
        arrays, batch = check_inputs(self.inputs, inputs)
        workspace = self._allocate_workspace(batch)
        clocks: list[int] = []

        def notify(_context: object, _layer: int, _event: int) -> None:
            clocks.append(time.perf_counter_ns())

        options = self._make_options(threads)
        self._run(arrays, batch, workspace, options)
        options.notify = _NOTIFY(notify)
        seconds = np.zeros((repeat, len(self._layers)))
        for run in range(repeat):
            options.layer_seconds = seconds[run].ctypes.data_as(ctypes.POINTER(ctypes.c_double))
            self._run(arrays, batch, workspace, options)
        if clocks:
            marks = np.array(clocks).reshape(repeat, len(self._layers), 2)
            seconds = 1e-9 * (marks[:, :, 1] - marks[:, :, 0])
        medians = np.median(seconds, axis=0)
        samples = batch if any(info.has_batch for info in self.inputs) else 1
        return tuple(
            dataclasses.replace(
                layer,
                macs=layer.macs * samples,
                predicted=layer.predicted and layer.predicted * samples,
                seconds=float(median),
            )
            for layer, median in zip(self._layers, medians)
        )

    def report(self) -> str:
        """The Markdown report of the compiler, a row per layer.

        Tells shapes, bit widths, kernel, packed bytes, what stayed float and why. Raises Error for
        a model that was loaded: its report went where compile's `report` said.
        """
        if self._report is None:
            self._fail(
                "was loaded, and a report is made only when a model is compiled; keep it with "
                'dorefa.compile(..., report="FILE.md")',
                Error,
            )
        return self._report

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the shared object, for `dorefa.load`, `dorefa-run` and C programs.

        Raises Error if the file it was loaded from has been replaced since, else OSError.
        """
        target = Path(path)
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
        try:
            shutil.copyfile(self.path, unfinished)
            if self._stat() != self._identity:
                self._fail("has been replaced since it was loaded; compile the model again", Error)
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)

    def __repr__(self) -> str:
        lines = [f"Executable {self.name!r} for {self.target!r}"]
        lines += [f"  input   {info.name}: {info}" for info in self.inputs]
        lines += [f"  output  {info.name}: {info}" for info in self.outputs]
        return "\n".join(lines)


def load(
    path: str | os.PathLike[str],
    *,
    symbol_prefix: str = "dorefa_model",
    device: str | None = None,
) -> Executable:
    """Loads a shared object that dorefa-compile made.

    Loading runs code of the file: load only what you trust. `symbol_prefix` is that of
    `dorefa-compile --symbol-prefix`. `device` of a model for a GPU is "gpu" (the default), "gpu:N"
    or "emulator", of one for the accelerator "bpa-func" (the default) or "bpa-cycle"; it is opened
    by the first run. Raises LoadError for a file that is missing, damaged, not a
    compiled model, or compiled for a processor or version other than this one.

    >>> import dorefa
    >>> dorefa.compile("digits.onnx").save("digits.so")
    >>> dorefa.load("digits.so").outputs[0].name
    'scores'
    """
    return Executable(path, symbol_prefix=symbol_prefix, device=device)
