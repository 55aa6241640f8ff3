//===- CPUFeatures.cpp - Instruction sets that code needs -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CPUFeatures.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace {

enum Register { EAX, EBX, ECX, EDX };

/// A query of cpuid.
struct Leaf {
  uint32_t leaf;
  uint32_t subleaf;
};
constexpr Leaf kBasic{1, 0}, kExtended{7, 0}, kExtended1{7, 1},
    kAMD{0x80000001, 0};

/// Register state that the operating system must save, bits of XCR0.
enum State : uint32_t { None = 0, Ymm = 0x6, Zmm = 0xe6 };

/// Where cpuid tells of a feature that LLVM may use unasked.
struct Feature {
  StringLiteral name;
  Leaf leaf;
  Register reg;
  unsigned bit;
  State state;
};

constexpr Feature kFeatures[] = {
    {"sse3", kBasic, ECX, 0, None},
    {"pclmul", kBasic, ECX, 1, None},
    {"ssse3", kBasic, ECX, 9, None},
    {"fma", kBasic, ECX, 12, Ymm},
    {"cx16", kBasic, ECX, 13, None},
    {"sse4.1", kBasic, ECX, 19, None},
    {"sse4.2", kBasic, ECX, 20, None},
    {"movbe", kBasic, ECX, 22, None},
    {"popcnt", kBasic, ECX, 23, None},
    {"aes", kBasic, ECX, 25, None},
    {"avx", kBasic, ECX, 28, Ymm},
    {"f16c", kBasic, ECX, 29, Ymm},
    {"bmi", kExtended, EBX, 3, None},
    {"avx2", kExtended, EBX, 5, Ymm},
    {"bmi2", kExtended, EBX, 8, None},
    {"avx512f", kExtended, EBX, 16, Zmm},
    {"avx512dq", kExtended, EBX, 17, Zmm},
    {"adx", kExtended, EBX, 19, None},
    {"avx512ifma", kExtended, EBX, 21, Zmm},
    {"avx512cd", kExtended, EBX, 28, Zmm},
    {"sha", kExtended, EBX, 29, None},
    {"avx512bw", kExtended, EBX, 30, Zmm},
    {"avx512vl", kExtended, EBX, 31, Zmm},
    {"avx512vbmi", kExtended, ECX, 1, Zmm},
    {"avx512vbmi2", kExtended, ECX, 6, Zmm},
    {"gfni", kExtended, ECX, 8, None},
    {"vaes", kExtended, ECX, 9, Ymm},
    {"vpclmulqdq", kExtended, ECX, 10, Ymm},
    {"avx512vnni", kExtended, ECX, 11, Zmm},
    {"avx512bitalg", kExtended, ECX, 12, Zmm},
    {"avx512vpopcntdq", kExtended, ECX, 14, Zmm},
    {"avx512vp2intersect", kExtended, EDX, 8, Zmm},
    {"avx512fp16", kExtended, EDX, 23, Zmm},
    {"avxvnni", kExtended1, EAX, 4, Ymm},
    {"avx512bf16", kExtended1, EAX, 5, Zmm},
    {"avxifma", kExtended1, EAX, 23, Ymm},
    {"avxvnniint8", kExtended1, EDX, 4, Ymm},
    {"avxneconvert", kExtended1, EDX, 5, Ymm},
    {"lzcnt", kAMD, ECX, 5, None},
    {"sse4a", kAMD, ECX, 6, None},
    {"xop", kAMD, ECX, 11, Ymm},
    {"fma4", kAMD, ECX, 16, Ymm},
    {"tbm", kAMD, ECX, 21, None},
};

/// Writes the check into the current function, one block per question: a
/// question may be asked only where an earlier answer says that it exists.
class FeatureCheck {
public:
  FeatureCheck(IRBuilderBase &builder, const MCSubtargetInfo &subtarget)
      : builder(builder), subtarget(subtarget), i32(builder.getInt32Ty()) {}

  Value *create() {
    BasicBlock *start = builder.GetInsertBlock();
    Function *function = start->getParent();
    no = BasicBlock::Create(builder.getContext(), "no", function);
    // EAX of leaves 0, 7 and 0x80000000 is the largest leaf of their kind.
    checkLeaf(kBasic, {0, 0}, 1);
    checkState();
    checkLeaf(kExtended, {0, 0}, 7);
    checkLeaf(kExtended1, {7, 0}, 1);
    checkLeaf(kAMD, {0x80000000, 0}, 0x80000001);
    BasicBlock *yes = builder.GetInsertBlock();
    BasicBlock *end =
        BasicBlock::Create(builder.getContext(), "known", function);
    builder.CreateBr(end);
    builder.SetInsertPoint(no);
    builder.CreateBr(end);
    builder.SetInsertPoint(end);
    PHINode *result = builder.CreatePHI(builder.getInt1Ty(), 2);
    result->addIncoming(builder.getTrue(), yes);
    result->addIncoming(builder.getFalse(), no);
    return result;
  }

private:
  bool isNeeded(const Feature &feature) {
    return subtarget.checkFeatures(("+" + feature.name).str());
  }

  /// Goes on in a new block where `condition` holds and to `no` elsewhere.
  void require(Value *condition) {
    BasicBlock *next = BasicBlock::Create(
        builder.getContext(), "next", builder.GetInsertBlock()->getParent());
    builder.CreateCondBr(condition, next, no);
    builder.SetInsertPoint(next);
  }

  void requireBits(Value *value, uint32_t bits) {
    Value *mask = builder.getInt32(bits);
    require(builder.CreateICmpEQ(builder.CreateAnd(value, mask), mask));
  }

  /// EAX, EBX, ECX, EDX.
  Value *createCpuid(Leaf leaf) {
    auto *results = StructType::get(i32, i32, i32, i32);
    auto *type = FunctionType::get(results, {i32, i32}, false);
    auto *cpuid = InlineAsm::get(type, "cpuid",
                                 "={ax},={bx},={cx},={dx},{ax},{cx},"
                                 "~{dirflag},~{fpsr},~{flags}",
                                 /*hasSideEffects=*/true);
    return builder.CreateCall(
        cpuid, {builder.getInt32(leaf.leaf), builder.getInt32(leaf.subleaf)});
  }

  /// Requires all needed features that `leaf` tells of; EAX of `largest` has to
  /// be at least `number` for `leaf` to exist.
  void checkLeaf(Leaf leaf, Leaf largest, uint32_t number) {
    uint32_t bits[4] = {};
    for (const Feature &feature : kFeatures)
      if (feature.leaf.leaf == leaf.leaf &&
          feature.leaf.subleaf == leaf.subleaf && isNeeded(feature))
        bits[feature.reg] |= uint32_t(1) << feature.bit;
    if (all_of(bits, [](uint32_t word) { return word == 0; }))
      return;
    Value *last = builder.CreateExtractValue(createCpuid(largest), EAX);
    require(builder.CreateICmpUGE(last, builder.getInt32(number)));
    Value *words = createCpuid(leaf);
    for (unsigned reg : {EAX, EBX, ECX, EDX})
      if (bits[reg])
        requireBits(builder.CreateExtractValue(words, reg), bits[reg]);
  }

  /// Requires that the operating system saves the registers that are used.
  void checkState() {
    uint32_t state = None;
    for (const Feature &feature : kFeatures)
      if (isNeeded(feature))
        state |= feature.state;
    if (state == None)
      return;
    constexpr unsigned kOSXSAVE = 27;
    requireBits(builder.CreateExtractValue(createCpuid(kBasic), ECX),
                1u << kOSXSAVE);
    auto *type = FunctionType::get(StructType::get(i32, i32), {i32}, false);
    auto *xgetbv = InlineAsm::get(
        type, "xgetbv", "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}",
        /*hasSideEffects=*/true);
    Value *xcr0 = builder.CreateCall(xgetbv, {builder.getInt32(0)});
    requireBits(builder.CreateExtractValue(xcr0, 0), state);
  }

  IRBuilderBase &builder;
  const MCSubtargetInfo &subtarget;
  IntegerType *i32;
  BasicBlock *no = nullptr;
};

} // namespace

namespace {

/// A feature of AArch64 beyond the baseline and where Linux says that it is there.
struct ArmFeature {
  StringLiteral name;
  uint64_t vector;
  unsigned bit;
};

} // namespace

static constexpr uint64_t kHwcap = 16, kHwcap2 = 26;
static constexpr ArmFeature kArmFeatures[] = {{"dotprod", kHwcap, 20},
                                              {"i8mm", kHwcap2, 13}};

/// The same for AArch64, by the auxiliary vector of the process.
static Value *createArmCheck(IRBuilderBase &b, const MCSubtargetInfo &subtarget) {
  Module *module = b.GetInsertBlock()->getModule();
  Type *i64 = b.getInt64Ty();
  FunctionCallee getauxval = module->getOrInsertFunction("getauxval", i64, i64);
  Value *all = b.getTrue();
  for (const ArmFeature &feature : kArmFeatures) {
    if (!subtarget.checkFeatures(("+" + feature.name).str()))
      continue;
    Value *word = b.CreateCall(getauxval, b.getInt64(feature.vector));
    Value *bit = b.CreateAnd(word, b.getInt64(uint64_t(1) << feature.bit));
    all = b.CreateAnd(all, b.CreateICmpNE(bit, b.getInt64(0)));
  }
  return all;
}

Value *mlir::dorefa::createFeatureCheck(IRBuilderBase &builder,
                                        const MCSubtargetInfo &subtarget) {
  if (subtarget.getTargetTriple().isAArch64())
    return createArmCheck(builder, subtarget);
  return FeatureCheck(builder, subtarget).create();
}

bool mlir::dorefa::includesFeatures(const MCSubtargetInfo &more,
                                    const MCSubtargetInfo &less) {
  auto includes = [&](const auto &feature) {
    std::string name = ("+" + feature.name).str();
    return more.checkFeatures(name) || !less.checkFeatures(name);
  };
  return more.getTargetTriple().isAArch64() ? all_of(kArmFeatures, includes)
                                            : all_of(kFeatures, includes);
}
