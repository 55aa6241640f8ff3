//===- SharedMemory.cpp - The shared memory of a block and who used it ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedMemory.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir::dorefa::emulator;

/// Bytes; at least the alignment of any array that a device can ask for.
static constexpr uint64_t baseAlignment = 1024;

void SharedMemory::prepare(const Kernel &kernel, uint64_t dynamicBytes) {
  arrays = kernel.shared;
  if (kernel.usesDynamicShared)
    arrays.back().size = dynamicBytes;
  grain = kernel.sharedGrain;
  numBytes =
      arrays.empty()
          ? 0
          : llvm::alignTo(arrays.back().offset + arrays.back().size, slot);
  memory = std::make_unique<char[]>(numBytes + baseAlignment);
  base = reinterpret_cast<char *>(
      llvm::alignTo(reinterpret_cast<uintptr_t>(memory.get()), baseAlignment));
  arrayOfSlot.assign(numBytes / slot, 0);
  for (size_t i = 0; i < arrays.size(); ++i)
    for (uint64_t offset = 0; offset < arrays[i].size; offset += slot)
      arrayOfSlot[(arrays[i].offset + offset) / slot] = i + 1;
  records.assign(numBytes / grain, Record());
}

void SharedMemory::startBlock(Time now) {
  std::memset(base, poison, numBytes);
  // Older accesses count as none; only copies would seem to go on.
  start = now;
  for (Record &record : records)
    record.inFlight = false;
}

std::string SharedMemory::describe(uint64_t offset) const {
  if (arrays.empty())
    return "shared memory, of which the kernel has none";
  const SharedArray *nearest = &arrays.front();
  for (const SharedArray &array : arrays)
    if (static_cast<int64_t>(offset) >= static_cast<int64_t>(array.offset))
      nearest = &array;
  return "byte " +
         std::to_string(static_cast<int64_t>(offset - nearest->offset)) +
         " of '" + nearest->name + "' (" + std::to_string(nearest->size) +
         " bytes)";
}

SharedFault SharedMemory::find(const void *pointer, uint64_t size,
                               uint64_t alignment, Record *&first,
                               Record *&last) {
  SharedFault fault;
  uint64_t offset = static_cast<const char *>(pointer) - base;
  fault.offset = offset;
  bool isInside = offset < numBytes && size <= numBytes - offset &&
                  arrayOfSlot[offset / slot] != 0;
  if (isInside) {
    const SharedArray &array = arrays[arrayOfSlot[offset / slot] - 1];
    isInside = offset + size <= array.offset + array.size;
  }
  if (!isInside) {
    fault.kind = SharedFault::OutOfBounds;
    return fault;
  }
  if (offset % alignment != 0) {
    fault.kind = SharedFault::Misaligned;
    return fault;
  }
  first = &records[offset / grain];
  last = first + llvm::divideCeil(size, grain);
  return fault;
}

SharedFault SharedMemory::makeFault(SharedFault::Kind kind,
                                    const Record *record,
                                    const Access &other) const {
  return {kind, other, static_cast<uint64_t>(record - records.data()) * grain};
}

/// Whether `actor` may rely on what happened in `access`.
static bool isOrdered(const Access &access, const Actor &actor) {
  return access.thread == actor.thread || access.time < actor.blockBarrier ||
         (access.thread / 32 == actor.thread / 32 &&
          access.time < actor.warpBarrier);
}

SharedFault SharedMemory::read(const void *pointer, uint64_t size,
                               uint64_t alignment, const Actor &actor,
                               Time now) {
  Record *record = nullptr, *last = nullptr;
  SharedFault fault = find(pointer, size, alignment, record, last);
  if (fault.kind != SharedFault::None)
    return fault;
  Access access = {now, actor.site, actor.thread};
  for (; record != last; ++record) {
    if (record->inFlight)
      return makeFault(SharedFault::InFlight, record, record->write);
    if (record->write.time < start)
      return makeFault(SharedFault::Uninitialized, record, record->write);
    if (!isOrdered(record->write, actor))
      return makeFault(SharedFault::ReadAfterWrite, record, record->write);
    Access &recent = record->reads[0];
    if (recent.thread != actor.thread) {
      record->reads[1] = recent;
      if (recent.thread / 32 != actor.thread / 32)
        record->reads[2] = recent;
    }
    recent = access;
  }
  return fault;
}

SharedFault SharedMemory::checkWrite(Record *record, Record *last,
                                     const Actor &actor) const {
  for (; record != last; ++record) {
    if (record->inFlight)
      return makeFault(SharedFault::InFlight, record, record->write);
    if (record->write.time >= start && !isOrdered(record->write, actor))
      return makeFault(SharedFault::WriteAfterWrite, record, record->write);
    for (const Access &read : record->reads)
      if (read.time >= start && !isOrdered(read, actor))
        return makeFault(SharedFault::WriteAfterRead, record, read);
  }
  return {};
}

SharedFault SharedMemory::write(const void *pointer, uint64_t size,
                                uint64_t alignment, const Actor &actor,
                                Time now) {
  Record *first = nullptr, *last = nullptr;
  SharedFault fault = find(pointer, size, alignment, first, last);
  if (fault.kind == SharedFault::None)
    fault = checkWrite(first, last, actor);
  if (fault.kind != SharedFault::None)
    return fault;
  for (Record *record = first; record != last; ++record)
    record->write = {now, actor.site, actor.thread};
  return fault;
}

SharedFault SharedMemory::beginCopy(const void *pointer, uint64_t size,
                                    const Actor &actor, Time now) {
  SharedFault fault = write(pointer, size, size, actor, now);
  if (fault.kind != SharedFault::None)
    return fault;
  Record *record = nullptr, *last = nullptr;
  find(pointer, size, size, record, last);
  for (; record != last; ++record)
    record->inFlight = true;
  return fault;
}

void SharedMemory::endCopy(const void *pointer, uint64_t size, Time now) {
  Record *record = nullptr, *last = nullptr;
  find(pointer, size, size, record, last);
  for (; record != last; ++record) {
    record->inFlight = false;
    record->write.time = now;
  }
}
