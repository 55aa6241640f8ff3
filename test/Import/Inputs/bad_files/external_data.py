# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors whose data lie in other files."""

import os
from pathlib import Path

from onnx import TensorProto

from bad_files.case import case
from bad_files.tensor_data import with_tensor


def external(location, offset=None, length=None):
    """A network whose weights lie in another file."""
    m = with_tensor()
    tensor = m.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entries = {"location": location, "offset": offset, "length": length}
    for key, value in entries.items():
        if value is not None:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    return m


@case
def external_missing_file():
    return external("not_there.bin")


@case
def external_absolute():
    return external("/etc/passwd")


@case
def external_parent():
    return external("../outside.bin")


@case
def external_hidden_parent():
    return external("folder/../../outside.bin")


@case
def external_symlink():
    return external("link.bin")


@case
def external_symlinked_folder():
    return external("linked_folder/outside.bin")


@case
def external_hardlink():
    return external("hard.bin")


@case
def external_fifo():
    return external("fifo")


@case
def external_folder():
    return external("folder")


@case
def external_device_link():
    return external("zero")


@case
def external_empty_location():
    return external("")


@case
def external_no_location():
    return external(None)


@case
def external_too_short():
    return external("short.bin")


@case
def external_offset_beyond():
    return external("data.bin", offset=100)


@case
def external_offset_negative():
    return external("data.bin", offset=-4)


@case
def external_offset_overflows():
    return external("data.bin", offset=(1 << 63) - 4, length=32)


@case
def external_offset_not_a_number():
    return external("data.bin", offset="four")


@case
def external_length_contradicts():
    return external("data.bin", length=16)


@case
def external_nul_in_name():
    return external("data.bin\0.txt")


def make_surroundings(folder: Path) -> None:
    """Creates the files that the external data of the cases point to."""
    (folder / "models" / "folder").mkdir(parents=True, exist_ok=True)
    outside = folder / "outside.bin"
    outside.write_bytes(bytes(32))
    models = folder / "models"
    (models / "data.bin").write_bytes(bytes(32))
    (models / "short.bin").write_bytes(bytes(8))
    os.symlink(outside, models / "link.bin")
    os.symlink(folder, models / "linked_folder")
    os.link(outside, models / "hard.bin")
    os.symlink("/dev/zero", models / "zero")
    os.mkfifo(models / "fifo")
