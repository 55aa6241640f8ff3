//===- Block.cpp - The threads of one block take turns --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir::dorefa::emulator;

/// Alignment of the frame of a coroutine: no value needs more.
static constexpr uint64_t frameAlignment = 64;

Block::Block(const Launch &launch)
    : launch(launch),
      numThreads(launch.block[0] * launch.block[1] * launch.block[2]),
      numWarps(llvm::divideCeil(numThreads, 32)), threads(numThreads),
      warps(numWarps), warpBarriers(numWarps) {
  shared.prepare(launch.kernel, launch.dynamicSharedBytes);
}

void Block::start(Dimensions newIndex) {
  index = newIndex;
  blockBarrier = ++now;
  shared.startBlock(now);
  std::fill(warpBarriers.begin(), warpBarriers.end(), now);
  std::fill(warps.begin(), warps.end(), WarpState::Runnable);
  runnable.clear();
  for (unsigned i = 0; i < numWarps; ++i)
    runnable.push_back(numWarps - 1 - i);
  for (unsigned i = 0; i < numThreads; ++i) {
    Thread &thread = threads[i];
    const Dimensions &size = launch.block;
    thread.thread = i;
    thread.block = this;
    thread.shared = shared.data();
    thread.iterationsLeft = launch.maxIterations;
    const uint32_t values[] = {i % size[0], i / size[0] % size[1],
                               i / size[0] / size[1]};
    for (unsigned d = 0; d < 3; ++d) {
      thread.registers[Tid + d] = values[d];
      thread.registers[NTid + d] = size[d];
      thread.registers[CtaId + d] = index[d];
      thread.registers[NCtaId + d] = launch.grid[d];
    }
    thread.registers[LaneId] = i % 32;
    thread.registers[WarpId] = i / 32;
    thread.state = LaneState::Runnable;
    thread.frame = nullptr;
    thread.copies.clear();
    thread.group = 0;
  }
}

bool Block::run(Dimensions newIndex) {
  start(newIndex);
  if (setjmp(exit))
    return false;
  return runToEnd();
}

void *Block::allocateFrame(Lane &lane, uint64_t size) {
  size = llvm::alignTo(size, frameAlignment);
  if (!frames) {
    frameSize = size;
    frames = std::make_unique<char[]>(numThreads * size + frameAlignment);
  }
  uintptr_t base =
      llvm::alignTo(reinterpret_cast<uintptr_t>(frames.get()), frameAlignment);
  void *frame = reinterpret_cast<void *>(base + lane.thread * frameSize);
  static_cast<Thread &>(lane).frame = frame;
  return frame;
}

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

bool Block::runToEnd() {
  for (;;) {
    while (!runnable.empty()) {
      unsigned choice =
          runnable.size() - 1 - launch.schedule.draw(runnable.size());
      unsigned warp = runnable[choice];
      if (!advance(warp))
        return false;
      if (warps[warp] != WarpState::Runnable) {
        runnable[choice] = runnable.back();
        runnable.pop_back();
      }
      landSomeCopies();
    }
    if (llvm::all_of(warps, [](WarpState s) { return s == WarpState::Exited; }))
      return true;
    if (!openBarrier())
      return false;
  }
}

bool Block::openBarrier() {
  uint64_t id = threads[0].operands[0];
  for (unsigned warp = 0; warp < numWarps; ++warp)
    if (warps[warp] == WarpState::Exited ||
        getThread(warp, 0).operands[0] != id)
      return reportDeadlock();
  blockBarrier = ++now;
  for (Thread &thread : threads)
    thread.state = LaneState::Runnable;
  for (unsigned i = 0; i < numWarps; ++i) {
    warps[i] = WarpState::Runnable;
    runnable.push_back(numWarps - 1 - i);
  }
  return true;
}

bool Block::advance(unsigned warp) {
  unsigned numLanes = std::min(32u, numThreads - warp * 32);
  unsigned flip = launch.schedule.draw(32);
  for (unsigned i = 0; i < 32; ++i) {
    unsigned lane = i ^ flip;
    if (lane >= numLanes)
      continue;
    Thread &thread = getThread(warp, lane);
    if (thread.state != LaneState::Runnable)
      continue;
    // A frame starts with the function that resumes the coroutine.
    if (thread.frame)
      (*static_cast<void (**)(void *)>(thread.frame))(thread.frame);
    else
      launch.kernel.entry(&thread, launch.arguments);
    thread.state = thread.site == 0 ? LaneState::Exited : LaneState::Waiting;
  }
  return meet(warp);
}

LaneMask Block::getLanes(unsigned warp, LaneState state) const {
  LaneMask mask = 0;
  for (unsigned i = warp * 32; i < std::min(numThreads, warp * 32 + 32); ++i)
    if (threads[i].state == state)
      mask |= 1u << (i % 32);
  return mask;
}

LaneMask Block::getGroup(unsigned warp, unsigned first) const {
  const Thread &leader = threads[warp * 32 + first];
  const Collective &collective = getSite(leader.site).collective;
  bool comparesOperand =
      collective.hasMask() || collective.kind == Collective::BlockBarrier;
  LaneMask mask = 0;
  for (unsigned i = warp * 32; i < std::min(numThreads, warp * 32 + 32); ++i) {
    const Thread &thread = threads[i];
    if (thread.state == LaneState::Waiting && thread.site == leader.site &&
        (!comparesOperand || thread.operands[0] == leader.operands[0]))
      mask |= 1u << (i % 32);
  }
  return mask;
}

bool Block::meet(unsigned warp) {
  LaneMask waiting = getLanes(warp, LaneState::Waiting);
  LaneMask exited = getLanes(warp, LaneState::Exited);
  if (waiting == 0) {
    warps[warp] = WarpState::Exited;
    return true;
  }
  bool progressed = false;
  for (LaneMask rest = waiting; rest != 0;) {
    unsigned first = llvm::countr_zero(rest);
    LaneMask group = getGroup(warp, first);
    rest &= ~group;
    const Thread &leader = getThread(warp, first);
    const Site &site = getSite(leader.site);
    if (site.collective.kind == Collective::BlockBarrier) {
      if (group != waiting || exited != 0)
        continue;
      warps[warp] = WarpState::AtBarrier;
      return true;
    }
    LaneMask needed = site.collective.hasMask()
                          ? static_cast<LaneMask>(leader.operands[0])
                          : ~LaneMask(0);
    if (group != needed)
      continue;
    if (!perform(warp, group, site))
      return false;
    for (unsigned lane = 0; lane < 32; ++lane)
      if (group >> lane & 1)
        getThread(warp, lane).state = LaneState::Runnable;
    progressed = true;
  }
  return progressed || reportDivergence(warp);
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

bool Block::access(Lane &lane, const void *pointer, uint64_t size,
                   uint64_t alignment, uint32_t site, bool writes) {
  Actor actor = getActor(lane, site);
  SharedFault problem = writes
                            ? shared.write(pointer, size, alignment, actor, now)
                            : shared.read(pointer, size, alignment, actor, now);
  return problem.kind == SharedFault::None ||
         failShared(lane, site, problem, size, alignment, writes);
}

bool Block::accessGlobal(Lane &lane, const void *pointer, uint64_t size,
                         uint64_t alignment, uint32_t site, bool writes) {
  if (shared.contains(pointer))
    return access(lane, pointer, size, alignment, site, writes);
  const char *verb = writes ? "writes " : "reads ";
  if (!launch.global.allows(pointer, size, writes))
    return fail(nameLane(lane), site,
                verb + std::to_string(size) + " bytes at " +
                    launch.global.describe(pointer) +
                    ", which is out of bounds; guard it by a condition");
  if (reinterpret_cast<uintptr_t>(pointer) % alignment != 0)
    return fail(
        nameLane(lane), site,
        verb + std::to_string(size) + " bytes at " +
            launch.global.describe(pointer) + ", which is not a multiple of " +
            std::to_string(alignment) + "; use narrower accesses or pad rows");
  return true;
}

bool Block::issueCopy(Lane &lane, void *destination, const void *source,
                      uint32_t size, uint32_t sourceSize, uint32_t site) {
  if (sourceSize > size)
    return fail(nameLane(lane), site,
                "reads " + std::to_string(sourceSize) + " bytes but writes " +
                    std::to_string(size) + "; it can only read fewer");
  // The address must be right even where fewer bytes are read.
  if (reinterpret_cast<uintptr_t>(source) % size != 0 &&
      launch.global.allows(source, sourceSize, false))
    return accessGlobal(lane, source, sourceSize, size, site, false);
  if (sourceSize != 0 &&
      !accessGlobal(lane, source, sourceSize, 1, site, false))
    return false;
  SharedFault problem =
      shared.beginCopy(destination, size, getActor(lane, site), now);
  if (problem.kind != SharedFault::None)
    return failShared(lane, site, problem, size, size, true);
  Thread &thread = static_cast<Thread &>(lane);
  thread.copies.push_back(
      {destination, source, size, sourceSize, thread.group, false});
  if (launch.schedule.landsAtOnce())
    land(thread.copies.back());
  return true;
}

void Block::commitCopies(Lane &lane) { ++static_cast<Thread &>(lane).group; }

void Block::waitForCopies(Lane &lane, uint32_t groupsLeft) {
  Thread &thread = static_cast<Thread &>(lane);
  auto isDone = [&](const Copy &copy) {
    return groupsLeft == waitForAll ||
           uint64_t(copy.group) + groupsLeft < thread.group;
  };
  auto end = llvm::find_if_not(thread.copies, isDone);
  for (auto copy = thread.copies.begin(); copy != end; ++copy) {
    land(*copy);
    shared.endCopy(copy->destination, copy->size, now);
  }
  thread.copies.erase(thread.copies.begin(), end);
}

void Block::land(Copy &copy) {
  if (copy.landed)
    return;
  copy.landed = true;
  std::memcpy(copy.destination, copy.source, copy.sourceSize);
  std::memset(static_cast<char *>(copy.destination) + copy.sourceSize, 0,
              copy.size - copy.sourceSize);
}

void Block::landSomeCopies() {
  if (!launch.schedule.landsBetween())
    return;
  for (unsigned i = 0; i < 8; ++i) {
    Thread &thread = threads[launch.schedule.draw(numThreads)];
    if (!thread.copies.empty())
      land(thread.copies[launch.schedule.draw(thread.copies.size())]);
  }
}
