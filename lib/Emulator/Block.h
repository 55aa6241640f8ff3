//===- Block.h - The threads of one block take turns ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_BLOCK_H
#define DOREFA_LIB_EMULATOR_BLOCK_H

#include "GlobalMemory.h"
#include "Schedule.h"
#include "SharedMemory.h"

#include <csetjmp>
#include <memory>

namespace mlir::dorefa::emulator {

/// Lanes of a warp, lane 0 in bit 0.
using LaneMask = uint32_t;

/// What is the same for all blocks of a launch.
struct Launch {
  const Kernel &kernel;
  const std::vector<Site> &sites;
  Dimensions grid, block;
  uint64_t dynamicSharedBytes;
  int64_t maxIterations;
  void **arguments;
  GlobalMemory &global;
  Schedule &schedule;
};

/// Runs blocks of a launch, one after the other.
class Block {
public:
  explicit Block(const Launch &launch);

  /// Runs block `index` to its end; false where the kernel made a mistake,
  /// which getFault() then describes.
  bool run(Dimensions index);
  const std::string &getFault() const { return fault; }

  // What Runtime.h needs.

  /// Memory for the frame of a lane that starts.
  void *allocateFrame(Lane &lane, uint64_t size);
  /// Checks and notes an access to shared memory.
  bool access(Lane &lane, const void *pointer, uint64_t size,
              uint64_t alignment, uint32_t site, bool writes);
  /// The same for a pointer that may point anywhere.
  bool accessGlobal(Lane &lane, const void *pointer, uint64_t size,
                    uint64_t alignment, uint32_t site, bool writes);
  bool issueCopy(Lane &lane, void *destination, const void *source,
                 uint32_t size, uint32_t sourceSize, uint32_t site);
  void commitCopies(Lane &lane);
  /// Lands all copies but those of the last `groupsLeft` groups; all of them,
  /// in groups or not, if that is waitForAll.
  void waitForCopies(Lane &lane, uint32_t groupsLeft);
  static constexpr uint32_t waitForAll = UINT32_MAX;
  bool reportStuck(Lane &lane, uint32_t site);
  /// Leaves the kernel after a fault. Generated code has nothing to destroy, so
  /// its frames are simply dropped.
  [[noreturn]] void abandon() { std::longjmp(exit, 1); }

private:
  enum class LaneState : uint8_t { Runnable, Waiting, Exited };

  /// A copy by cp.async that its lane has not waited for.
  struct Copy {
    void *destination;
    const void *source;
    uint32_t size, sourceSize, group;
    bool landed;
  };

  /// What generated code does not see of a lane.
  struct Thread : Lane {
    LaneState state;
    void *frame;
    /// In order of issue.
    std::vector<Copy> copies;
    /// Number of the group that is open.
    uint32_t group;
  };

  enum class WarpState : uint8_t { Runnable, AtBarrier, Exited };

  void start(Dimensions index);
  bool runToEnd();
  /// Opens the barrier that all warps have reached.
  bool openBarrier();
  bool reportDeadlock();
  /// Runs the lanes of a warp until all wait, then does what they wait for.
  bool advance(unsigned warp);
  bool meet(unsigned warp);
  /// Lanes that wait where lane `first` does, with the same mask.
  LaneMask getGroup(unsigned warp, unsigned first) const;
  LaneMask getLanes(unsigned warp, LaneState state) const;
  bool reportDivergence(unsigned warp);
  void landSomeCopies();
  static void land(Copy &copy);

  // Warp.cpp: performs what the lanes of a group wait for.
  bool perform(unsigned warp, LaneMask group, const Site &site);
  void multiply(unsigned warp, const Collective &mma);
  bool loadMatrix(unsigned warp, const Site &site, uint32_t number);
  bool shuffle(unsigned warp, LaneMask group, const Site &site);
  void vote(unsigned warp, LaneMask group, Collective::Mode mode);
  void reduce(unsigned warp, LaneMask group, Collective::Mode mode);

  Actor getActor(const Lane &lane, uint32_t site) const {
    return {static_cast<uint16_t>(lane.thread), site, blockBarrier,
            warpBarriers[lane.thread / 32]};
  }
  Thread &getThread(unsigned warp, unsigned lane) {
    return threads[warp * 32 + lane];
  }
  const Site &getSite(uint32_t number) const { return launch.sites[number]; }

  // Texts of faults.
  bool fail(const std::string &who, uint32_t site, const std::string &what);
  std::string nameLane(const Lane &lane) const;
  std::string nameWarp(unsigned warp) const;
  std::string nameSite(uint32_t site) const;
  std::string describeWaits(unsigned warp) const;
  bool failShared(const Lane &lane, uint32_t site, const SharedFault &problem,
                  uint64_t size, uint64_t alignment, bool writes);

  const Launch &launch;
  SharedMemory shared;
  unsigned numThreads, numWarps;
  Dimensions index = {0, 0, 0};
  std::vector<Thread> threads;
  std::vector<WarpState> warps;
  /// Warps that may run, in any order.
  std::vector<unsigned> runnable;
  Time now = 1, blockBarrier = 1;
  std::vector<Time> warpBarriers;
  /// Frames of lanes, each as large as the first.
  std::unique_ptr<char[]> frames;
  uint64_t frameSize = 0;
  std::jmp_buf exit;
  std::string fault;
};

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_BLOCK_H
