//===- BitPlaneToBPA.cpp - Move layers to the accelerator -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "Weights.h"
#include "dorefa/Target/BPA/Passes.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::bpa {
#define GEN_PASS_DEF_CONVERTBITPLANETOBPAPASS
#include "dorefa/Target/BPA/Passes.h.inc"
} // namespace mlir::bpa

using namespace mlir;
using namespace mlir::bpa;

//===----------------------------------------------------------------------===//
// Thresholds of the host
//===----------------------------------------------------------------------===//

/// Codes with more bits than this take the array longer to compare than the
/// host.
static constexpr int64_t maxCodeBits = 4;

static constexpr StringLiteral comparedOnHost =
    "the host compares: codes are ternary or have more than 4 bits";

/// Whether `pp` can make the codes of `op`.
template <typename OpTy>
static bool canCompare(OpTy op) {
  dorefa::CodeType code = *op.getResultCode();
  int64_t count = cast<ShapedType>(op.getThresholds().getType()).getDimSize(1);
  return code.getBits() <= maxCodeBits &&
         code.getEncoding() != dorefa::Encoding::Ternary &&
         count < int64_t(1) << code.getBits();
}

/// Says in reports why the host has to do something for `op`, or all of it.
static void setReason(Operation *op, StringRef reason) {
  op->setAttr("dorefa.reason", StringAttr::get(op->getContext(), reason));
}

/// Lets the contraction deliver integers, and `bitplane.threshold` compare
/// them.
template <typename OpTy>
static void splitThresholds(OpTy op) {
  if (!op.getThresholds() || op.isPacked() || canCompare(op))
    return;
  remark::analysis(
      op.getLoc(),
      remark::RemarkOpts::name("compared-on-host").category("dorefa"))
      << comparedOnHost;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto words = cast<RankedTensorType>(op.getInit().getType());
  SmallVector<int64_t> shape(words.getShape().drop_back(2));
  shape.push_back(op.getOutputChannels());
  auto type = RankedTensorType::get(shape, b.getI32Type());
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, op.getLoc(), op.getInit());
  sizes.pop_back_n(2);
  sizes.push_back(b.getIndexAttr(op.getOutputChannels()));
  Value empty = tensor::EmptyOp::create(b, sizes, b.getI32Type());
  auto raw = cast<OpTy>(b.clone(*op));
  raw.getThresholdsMutable().clear();
  raw.removeResultCodeAttr();
  raw.removeDecreasingAttr();
  raw.setBase(0);
  raw.getInitMutable().assign(empty);
  raw->getResult(0).setType(type);
  setReason(raw, comparedOnHost);
  auto codes = bitplane::ThresholdOp::create(
      b, op->getResultTypes(), raw->getResult(0), op.getThresholds(),
      op.getInit(), TypeAttr::get(*op.getResultCode()), op.getDecreasingAttr(),
      op.getBaseAttr());
  op->replaceAllUsesWith(codes);
  op->erase();
}

//===----------------------------------------------------------------------===//
// Partition
//===----------------------------------------------------------------------===//

namespace {

/// Layers of one routine.
struct Segment {
  std::vector<Layer> layers;
};

/// Where maps of the layers of a segment lie.
struct SegmentPlan {
  MapPlan maps;
  /// Of several samples, for as many of them as there are groups; others then
  /// run one by one.
  std::optional<MapPlan> groups;
};

class Partition {
public:
  Partition(func::FuncOp main, const Configuration &machine)
      : main(main), machine(machine) {}

  /// Finds the layers that the accelerator can compute.
  void findLayers();
  /// Leaves `op` to the host.
  void drop(Operation *op, StringRef reason);
  /// Leaves out what does not fit its neighbours.
  void checkNeighbours();
  /// Layers by number of the launch that they belong to.
  std::vector<Segment> getSegments();
  /// The maps of `segment`; nothing, once a layer that does not fit was
  /// dropped.
  std::optional<SegmentPlan> plan(const Segment &segment);
  /// Says what does not go to the accelerator, and why, in remarks and to
  /// reports.
  void emitRemarks() const;

private:
  bool makesGaps(const Layer &layer) const;
  bool readsGaps(const Layer &layer) const;
  const Layer *find(Operation *op) const;

  func::FuncOp main;
  const Configuration &machine;
  llvm::MapVector<Operation *, Layer> layers;
  llvm::MapVector<Operation *, std::string> reasons;
};

} // namespace

void Partition::findLayers() {
  for (Operation &op : main.front()) {
    if (!isa<bitplane::Conv2DOp, bitplane::MatMulOp, bitplane::MaxPoolOp>(op))
      continue;
    std::string reason;
    if (std::optional<Layer> layer = readLayer(&op, machine, reason))
      layers.insert({&op, std::move(*layer)});
    else
      reasons[&op] = reason;
  }
}

void Partition::drop(Operation *op, StringRef reason) {
  reasons[op] = reason.str();
  layers.erase(op);
}

const Layer *Partition::find(Operation *op) const {
  auto entry = op ? layers.find(op) : layers.end();
  return entry == layers.end() ? nullptr : &entry->second;
}

/// Whether lanes between the groups of what `layer` makes belong to no channel,
/// because groups are not whole tiles.
bool Partition::makesGaps(const Layer &layer) const {
  if (layer.isPool)
    return readsGaps(layer);
  return !layer.isRaw() && layer.groups > 1 &&
         layer.outputsPerGroup() % machine.columns != 0;
}

bool Partition::readsGaps(const Layer &layer) const {
  const Layer *producer = find(layer.input.getDefiningOp());
  return producer && makesGaps(*producer);
}

/// Taps outside count in gaps too.
void Partition::checkNeighbours() {
  SmallVector<Operation *> wrong;
  for (auto &[op, layer] : layers)
    if (layer.rowSum && (layer.validPlanes != 0 || layer.padCode != 0) &&
        readsGaps(layer))
      wrong.push_back(op);
  for (Operation *op : wrong)
    drop(op, "padding of its input is not zero, and groups of the layer before "
             "are no whole tiles");
}

/// Whether two layers are known to have as many samples; what a layer reads has
/// as many as its result.
static bool haveSameBatch(const Layer &left, const Layer &right) {
  for (Value first : {left.result, left.input})
    for (Value second : {right.result, right.input}) {
      FailureOr<bool> areEqual = ValueBoundsConstraintSet::areEqual(
          {first, /*dim=*/0}, {second, /*dim=*/0});
      if (succeeded(areEqual) && *areEqual)
        return true;
    }
  return false;
}

/// A layer belongs to the first launch of its batch behind all that the host
/// has to do for it.
std::vector<Segment> Partition::getSegments() {
  std::vector<Segment> segments;
  llvm::DenseMap<Operation *, size_t> numbers;
  for (Operation &op : main.front()) {
    const Layer *layer = find(&op);
    size_t number = 0;
    auto visit = [&](Value operand) {
      Operation *producer = operand.getDefiningOp();
      if (!producer)
        return;
      // What the host computes from results of launch n is ready for n + 1.
      bool crosses = layer && !find(producer) && numbers.lookup(producer) > 0;
      number = std::max(number, numbers.lookup(producer) + crosses);
    };
    if (layer)
      visit(layer->input);
    else
      llvm::for_each(op.getOperands(), visit);
    // Number 0 is what needs no launch.
    if (layer)
      number = std::max<size_t>(number, 1);
    while (layer && number <= segments.size() &&
           !segments[number - 1].layers.empty() &&
           !haveSameBatch(segments[number - 1].layers.front(), *layer))
      ++number;
    numbers[&op] = number;
    if (!layer)
      continue;
    segments.resize(std::max(segments.size(), number));
    segments[number - 1].layers.push_back(*layer);
  }
  return segments;
}

/// Results of the layers of `segment` that something else reads.
static llvm::DenseSet<Value> findOutputs(const Segment &segment) {
  llvm::DenseSet<Operation *> inside;
  llvm::DenseSet<Value> read;
  for (const Layer &layer : segment.layers) {
    inside.insert(layer.op);
    read.insert(layer.input);
  }
  auto isInside = [&](Operation *user) { return inside.contains(user); };
  llvm::DenseSet<Value> outputs;
  for (const Layer &layer : segment.layers)
    for (Operation *user : layer.result.getUsers()) {
      // A map that is read as a row is read as the map.
      bool isRow = isa<tensor::CollapseShapeOp>(user) &&
                   read.contains(layer.result) &&
                   llvm::all_of(user->getUsers(), isInside);
      if (!isInside(user) && !isRow)
        outputs.insert(layer.result);
    }
  return outputs;
}

/// As many samples in a run fill the rows of the array with pixels of a small
/// map.
static constexpr int64_t mostSamples = 8;

/// Samples of a run of `segment`, of which the batch is known to be a multiple.
static int64_t chooseSamples(const Segment &segment) {
  int64_t batch = 0;
  for (const Layer &layer : segment.layers)
    for (Value value : {layer.input, layer.result}) {
      int64_t size = cast<ShapedType>(value.getType()).getDimSize(0);
      if (ShapedType::isDynamic(size) || (batch != 0 && size != batch))
        return 1;
      batch = size;
    }
  int64_t samples = std::min(batch, mostSamples);
  while (batch % samples != 0)
    --samples;
  return samples;
}

/// Whether the batch of `segment` may have several samples.
static bool mayHaveGroups(const Segment &segment) {
  int64_t batch =
      cast<ShapedType>(segment.layers.front().result.getType()).getDimSize(0);
  return ShapedType::isDynamic(batch) || batch > mostSamples;
}

std::optional<SegmentPlan> Partition::plan(const Segment &segment) {
  llvm::DenseSet<Value> outputs = findOutputs(segment);
  for (const Layer &layer : segment.layers)
    if (outputs.contains(layer.result) && makesGaps(layer)) {
      drop(layer.op, "groups of its output are no whole tiles, but the host "
                     "reads it");
      return std::nullopt;
    }
  const Layer *problem = nullptr;
  int64_t samples = chooseSamples(segment);
  auto planFor = [&](int64_t count) {
    return planMaps(segment.layers, count, outputs, machine, problem);
  };
  std::optional<MapPlan> plan = planFor(samples);
  if (!plan)
    plan = planFor(/*count=*/1);
  if (!plan) {
    drop(problem->op, "its maps do not fit the accelerator");
    return std::nullopt;
  }
  SegmentPlan result{std::move(*plan), std::nullopt};
  if (samples == 1 && mayHaveGroups(segment))
    result.groups = planFor(mostSamples);
  return result;
}

void Partition::emitRemarks() const {
  for (const auto &[op, reason] : reasons) {
    remark::missed(
        op->getLoc(),
        remark::RemarkOpts::name("not-on-accelerator").category("dorefa"))
        << reason;
    setReason(op, reason);
  }
}

//===----------------------------------------------------------------------===//
// The host's side
//===----------------------------------------------------------------------===//

namespace {

/// Puts a launch in the place of the layers of a segment.
class LaunchBuilder {
public:
  /// `results`: what launches deliver in the place of layers' results.
  LaunchBuilder(ImplicitLocOpBuilder &b, const Configuration &machine,
                IRMapping &results)
      : b(b), machine(machine), results(results) {}

  LaunchOp build(ProgramOp program, RoutineOp routine, ArrayRef<Layer> layers,
                 ArrayRef<Port> inputs, ArrayRef<Port> outputs);

private:
  OpFoldResult getBatch(Value value);
  Value createEmpty(OpFoldResult batch, ArrayRef<int64_t> sizes);
  Value transpose(Value value, ArrayRef<int64_t> permutation);
  Value reshape(Value value, ArrayRef<int64_t> sizes, OpFoldResult batch);
  Value separatePlanes(Value words);
  Value createDestination(const Port &port, OpFoldResult batch);
  Value joinPlanes(Value planes, const Port &port, OpFoldResult batch);
  Value joinGroups(Value sums, const Port &port, OpFoldResult batch);

  ImplicitLocOpBuilder &b;
  const Configuration &machine;
  IRMapping &results;
};

} // namespace

OpFoldResult LaunchBuilder::getBatch(Value value) {
  return tensor::getMixedSize(b, b.getLoc(), value, 0);
}

Value LaunchBuilder::createEmpty(OpFoldResult batch, ArrayRef<int64_t> sizes) {
  SmallVector<OpFoldResult> all{batch};
  for (int64_t size : sizes)
    all.push_back(b.getIndexAttr(size));
  return tensor::EmptyOp::create(b, all, b.getI32Type());
}

Value LaunchBuilder::transpose(Value value, ArrayRef<int64_t> permutation) {
  ArrayRef<int64_t> shape = cast<ShapedType>(value.getType()).getShape();
  SmallVector<int64_t> sizes;
  for (int64_t dim : permutation.drop_front())
    sizes.push_back(shape[dim]);
  Value empty = createEmpty(getBatch(value), sizes);
  return linalg::TransposeOp::create(b, value, empty, permutation)
      ->getResult(0);
}

/// `value` with these sizes behind the batch: one side has a dimension there,
/// or both have the same sizes.
Value LaunchBuilder::reshape(Value value, ArrayRef<int64_t> sizes,
                             OpFoldResult batch) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape{type.getDimSize(0)};
  shape.append(sizes.begin(), sizes.end());
  if (type.getShape() == ArrayRef(shape))
    return value;
  auto target = RankedTensorType::get(shape, type.getElementType());
  ReassociationIndices rest;
  if (type.getRank() > 2) {
    auto flat = RankedTensorType::get(
        {shape[0], ShapedType::getNumElements(type.getShape().drop_front())},
        type.getElementType());
    for (int64_t dim = 1; dim < type.getRank(); ++dim)
      rest.push_back(dim);
    value = tensor::CollapseShapeOp::create(
        b, flat, value, ArrayRef<ReassociationIndices>{{0}, rest});
    rest.clear();
  }
  if (sizes.size() == 1)
    return value;
  SmallVector<OpFoldResult> all{batch};
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    all.push_back(b.getIndexAttr(size));
    rest.push_back(dim + 1);
  }
  return tensor::ExpandShapeOp::create(
      b, target, value, ArrayRef<ReassociationIndices>{{0}, rest}, all);
}

/// Words side by side become planes one behind the other.
Value LaunchBuilder::separatePlanes(Value words) {
  if (cast<ShapedType>(words.getType()).getRank() == 3)
    return transpose(words, {0, 2, 1});
  return transpose(words, {0, 4, 1, 2, 3});
}

Value LaunchBuilder::createDestination(const Port &port, OpFoldResult batch) {
  if (!port.map)
    return createEmpty(batch, {port.bytes / 4});
  return createEmpty(
      batch, {port.map->shape.bits, port.map->plane / bitplane::kWordBits});
}

/// The inverse of separatePlanes; planes may be longer than the map.
Value LaunchBuilder::joinPlanes(Value planes, const Port &port,
                                OpFoldResult batch) {
  auto words = cast<RankedTensorType>(port.value.getType());
  ArrayRef<int64_t> shape = words.getShape();
  int64_t bits = shape.back();
  SmallVector<int64_t> map(shape.drop_front().drop_back());
  int64_t used = ShapedType::getNumElements(map);
  if (used != port.map->plane / bitplane::kWordBits) {
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    planes = tensor::ExtractSliceOp::create(
        b, planes, ArrayRef<OpFoldResult>{zero, zero, zero},
        ArrayRef<OpFoldResult>{batch, b.getIndexAttr(bits),
                               b.getIndexAttr(used)},
        ArrayRef<OpFoldResult>{one, one, one});
  }
  map.insert(map.begin(), bits);
  planes = reshape(planes, map, batch);
  if (map.size() == 2)
    return transpose(planes, {0, 2, 1});
  return transpose(planes, {0, 2, 3, 4, 1});
}

/// Integers of all groups, without what lies between them.
Value LaunchBuilder::joinGroups(Value sums, const Port &port,
                                OpFoldResult batch) {
  const Layer &layer = *port.layer;
  auto type = cast<RankedTensorType>(port.value.getType());
  int64_t pixels = layer.to.height * layer.to.width;
  int64_t pixel = getRawPixelBytes(layer, machine) / 4;
  int64_t outputs = layer.outputsPerGroup(), groups = layer.groups;
  if (pixel != groups * outputs) {
    sums = reshape(sums, {pixels, groups, pixel / groups}, batch);
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    sums = tensor::ExtractSliceOp::create(
        b, sums, ArrayRef<OpFoldResult>{zero, zero, zero, zero},
        ArrayRef<OpFoldResult>{batch, b.getIndexAttr(pixels),
                               b.getIndexAttr(groups), b.getIndexAttr(outputs)},
        ArrayRef<OpFoldResult>{one, one, one, one});
  }
  return reshape(sums, type.getShape().drop_front(), batch);
}

static SymbolRefAttr getReference(ProgramOp program, RoutineOp routine) {
  return SymbolRefAttr::get(program.getSymNameAttr(),
                            FlatSymbolRefAttr::get(routine.getSymNameAttr()));
}

LaunchOp LaunchBuilder::build(ProgramOp program, RoutineOp routine,
                              ArrayRef<Layer> layers, ArrayRef<Port> inputs,
                              ArrayRef<Port> outputs) {
  OpFoldResult batch = getBatch(results.lookupOrDefault(inputs.front().value));
  int64_t macs = 0;
  for (const Layer &layer : layers)
    macs += layer.macs;
  SmallVector<Value> operands, inits;
  SmallVector<Type> types;
  for (const Port &port : inputs)
    operands.push_back(separatePlanes(results.lookupOrDefault(port.value)));
  for (const Port &port : outputs) {
    inits.push_back(createDestination(port, batch));
    types.push_back(inits.back().getType());
  }
  auto launch = LaunchOp::create(b, types, getReference(program, routine),
                                 /*groups=*/nullptr, operands, inits, macs);
  for (auto [port, result] : llvm::zip_equal(outputs, launch.getResults())) {
    Value value = port.map ? joinPlanes(result, port, batch)
                           : joinGroups(result, port, batch);
    Value(port.value).replaceAllUsesWith(value);
    results.map(port.value, value);
  }
  return launch;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertBitPlaneToBPA
    : bpa::impl::ConvertBitPlaneToBPAPassBase<ConvertBitPlaneToBPA> {
  using Base::Base;

  void runOnOperation() override;

private:
  void convert(ProgramOp program, const Segment &segment,
               const SegmentPlan &plan, size_t number);

  /// What launches deliver in the place of layers' results.
  IRMapping results;
};

} // namespace

/// Lets the locations of instructions say what reports need of their layer.
/// `planes` are pairs of planes of the source.
static void describe(Builder &b, const Layer &layer) {
  int64_t planes =
      layer.weightTerms.size() * (layer.inputTerms.size() - layer.validPlanes);
  NamedAttrList list;
  list.set("operation", b.getStringAttr(layer.op->getName().stripDialect()));
  list.set("macs", b.getI64IntegerAttr(layer.macs));
  list.set("planes", b.getI64IntegerAttr(planes));
  list.set("bits", b.getI64IntegerAttr(layer.isPool ? layer.to.bits
                                                    : layer.levels.bits));
  if (Attribute reason = layer.op->getAttr("dorefa.reason"))
    list.set("reason", reason);
  layer.op->setLoc(FusedLoc::get(b.getContext(), {layer.op->getLoc()},
                                 list.getDictionary(b.getContext())));
}

/// Whether samples have the same form in two routines.
static bool areAlike(ArrayRef<Port> left, ArrayRef<Port> right) {
  return llvm::equal(left, right, [](const Port &one, const Port &other) {
    return one.value == other.value && one.bytes == other.bytes &&
           (!one.map || one.map->plane == other.map->plane);
  });
}

void ConvertBitPlaneToBPA::convert(ProgramOp program, const Segment &segment,
                                   const SegmentPlan &plan, size_t number) {
  Builder attributes(&getContext());
  for (const Layer &layer : segment.layers)
    describe(attributes, layer);
  std::vector<Port> inputs, outputs;
  std::string name = ("main" + Twine(number)).str();
  RoutineOp routine =
      createRoutine(program, name, segment.layers, plan.maps, inputs, outputs);
  // Behind its operands; what reads the results is sorted behind it afterwards.
  ImplicitLocOpBuilder b(segment.layers.front().op->getLoc(),
                         segment.layers.back().op);
  LaunchOp launch =
      LaunchBuilder(b, program.getMachine(), results)
          .build(program, routine, segment.layers, inputs, outputs);
  if (!plan.groups)
    return;
  std::vector<Port> groupInputs, groupOutputs;
  RoutineOp groups = createRoutine(program, name + "_groups", segment.layers,
                                   *plan.groups, groupInputs, groupOutputs);
  if (areAlike(inputs, groupInputs) && areAlike(outputs, groupOutputs))
    launch.setGroupsAttr(getReference(program, groups));
  else
    groups.erase();
}

void ConvertBitPlaneToBPA::runOnOperation() {
  ModuleOp module = getOperation();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  const Configuration *machine = findConfiguration(configuration.c_str());
  if (!machine || !main || !main.getBody().hasOneBlock()) {
    module.emitError(machine ? "needs a function @main with one block"
                             : "there is no configuration '" + configuration +
                                   "'; there are r8c8d64 and r4c4d32");
    return signalPassFailure();
  }
  for (Operation &op : llvm::make_early_inc_range(main.front()))
    llvm::TypeSwitch<Operation *>(&op)
        .Case<bitplane::Conv2DOp, bitplane::MatMulOp>(
            [](auto layer) { splitThresholds(layer); });
  Partition partition(main, *machine);
  partition.findLayers();
  std::vector<Segment> segments;
  std::vector<SegmentPlan> plans;
  do {
    partition.checkNeighbours();
    segments = partition.getSegments();
    plans.clear();
    for (const Segment &segment : segments) {
      std::optional<SegmentPlan> plan = partition.plan(segment);
      if (!plan)
        break;
      plans.push_back(std::move(*plan));
    }
  } while (plans.size() != segments.size());
  partition.emitRemarks();
  if (segments.empty())
    return;
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  auto program =
      ProgramOp::create(builder, module.getLoc(), "accelerator", configuration);
  program.getBody().emplaceBlock();
  results.clear();
  for (size_t i = 0; i < segments.size(); ++i)
    convert(program, segments[i], plans[i], i);
  for (const Segment &segment : llvm::reverse(segments))
    for (const Layer &layer : llvm::reverse(segment.layers)) {
      for (Operation *user :
           llvm::make_early_inc_range(layer.result.getUsers()))
        if (user->use_empty())
          user->erase();
      layer.op->erase();
    }
  sortTopologically(&main.front());
}
