//===- Faults.cpp - What a kernel did wrong, in words ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include "llvm/ADT/bit.h"

using namespace mlir::dorefa::emulator;

static std::string print(Dimensions dimensions) {
  return "(" + std::to_string(dimensions[0]) + "," +
         std::to_string(dimensions[1]) + "," + std::to_string(dimensions[2]) +
         ")";
}

/// "lane 3" or "lanes 0-15, 17"; `mask` is not empty.
static std::string print(LaneMask mask) {
  std::string text = llvm::popcount(mask) == 1 ? "lane " : "lanes ";
  bool isFirst = true;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    unsigned last = lane;
    while (last < 31 && mask >> (last + 1) & 1)
      ++last;
    text += (isFirst ? "" : ", ") + std::to_string(lane);
    if (last != lane)
      text += "-" + std::to_string(last);
    isFirst = false;
    lane = last;
  }
  return text;
}

std::string Block::nameWarp(unsigned warp) const {
  return "kernel '" + launch.kernel.name + "', block " + print(index) +
         ", warp " + std::to_string(warp);
}

std::string Block::nameLane(const Lane &lane) const {
  return nameWarp(lane.thread / 32) + ", lane " +
         std::to_string(lane.thread % 32);
}

std::string Block::nameSite(uint32_t site) const {
  return "'" + getSite(site).instruction + "' at " + getSite(site).place;
}

bool Block::fail(const std::string &who, uint32_t site,
                 const std::string &what) {
  fault = who + ": " + nameSite(site) + " " + what;
  return false;
}

bool Block::reportStuck(Lane &lane, uint32_t site) {
  return fail(nameLane(lane), site,
              "has gone on for " + std::to_string(launch.maxIterations) +
                  " iterations without an end; threads that wait for others "
                  "need a barrier");
}

bool Block::failShared(const Lane &lane, uint32_t site,
                       const SharedFault &problem, uint64_t size,
                       uint64_t alignment, bool writes) {
  std::string what = std::string(writes ? "writes " : "reads ") +
                     std::to_string(size) + " bytes of shared memory at " +
                     shared.describe(problem.offset);
  const Access &access = problem.other;
  std::string other = nameSite(access.site) + " of warp " +
                      std::to_string(access.thread / 32) + ", lane " +
                      std::to_string(access.thread % 32);
  bool isSameWarp = access.thread / 32 == lane.thread / 32;
  std::string wayOut = std::string(", and no barrier of the ") +
                       (isSameWarp ? "warp" : "block") +
                       " is in between; add one";
  switch (problem.kind) {
  case SharedFault::None:
    return true;
  case SharedFault::OutOfBounds:
    what += ", which is out of bounds; guard it or enlarge the array";
    break;
  case SharedFault::Misaligned:
    what += ", which is not a multiple of " + std::to_string(alignment) +
            "; pad rows or use narrower accesses";
    break;
  case SharedFault::Uninitialized:
    what += ", which nothing has written; write it or wait for it first";
    break;
  case SharedFault::ReadAfterWrite:
    what += ", which " + other + " writes" + wayOut;
    break;
  case SharedFault::WriteAfterRead:
    what += ", which " + other + " reads" + wayOut;
    break;
  case SharedFault::WriteAfterWrite:
    what += ", which " + other + " writes too" + wayOut;
    break;
  case SharedFault::InFlight:
    what += ", which " + other +
            " may still be filling; that lane must wait for the group of the "
            "copy first";
    break;
  }
  return fail(nameLane(lane), site, what);
}

/// Where the lanes of a warp are, in groups.
std::string Block::describeWaits(unsigned warp) const {
  std::string text;
  LaneMask rest = getLanes(warp, LaneState::Waiting);
  while (rest != 0) {
    unsigned first = llvm::countr_zero(rest);
    LaneMask group = getGroup(warp, first);
    rest &= ~group;
    const Thread &leader = threads[warp * 32 + first];
    text += (text.empty() ? "" : "; ") + print(group) + " at " +
            nameSite(leader.site);
    if (getSite(leader.site).collective.hasMask())
      text += " for " + print(static_cast<LaneMask>(leader.operands[0]));
  }
  if (LaneMask exited = getLanes(warp, LaneState::Exited))
    text += "; " + print(exited) + " nowhere, having exited";
  LaneMask missing =
      ~(getLanes(warp, LaneState::Waiting) | getLanes(warp, LaneState::Exited));
  if (missing != 0)
    text += "; " + print(missing) + " nowhere, as the block has fewer threads";
  return text;
}

bool Block::reportDivergence(unsigned warp) {
  for (unsigned i = warp * 32; i < std::min(numThreads, warp * 32 + 32); ++i) {
    const Thread &thread = threads[i];
    if (thread.state == LaneState::Waiting &&
        getSite(thread.site).collective.hasMask() &&
        !(thread.operands[0] >> (i % 32) & 1))
      return fail(nameLane(thread), thread.site,
                  "is for " + print(static_cast<LaneMask>(thread.operands[0])) +
                      " only; add this lane to the mask or keep it away");
  }
  fault = nameWarp(warp) + ": lanes that must meet wait at different places: " +
          describeWaits(warp) +
          "; move what all of them need out of the condition";
  return false;
}

bool Block::reportDeadlock() {
  fault = "kernel '" + launch.kernel.name + "', block " + print(index) +
          ": deadlock: ";
  for (unsigned warp = 0; warp < numWarps; ++warp) {
    fault += (warp ? ", warp " : "warp ") + std::to_string(warp);
    const Thread &thread = threads[warp * 32];
    if (warps[warp] == WarpState::Exited)
      fault += " has exited";
    else
      fault += " waits at " + nameSite(thread.site) + " for barrier " +
               std::to_string(thread.operands[0]);
  }
  fault += "; every warp must reach the same barriers";
  return false;
}
