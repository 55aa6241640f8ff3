//===- dorefa-interpret.cpp - Run a network with the interpreter ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InterpretOptions.h"
#include "dorefa/InitAll.h"
#include "dorefa/Interpreter/Trace.h"
#include "dorefa/Pipelines/Diagnostics.h"
#include "dorefa/Runtime/TensorFiles.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace mlir::dorefa;
using namespace mlir::dorefa::runtime;

/// Reports an error of the runtime library; failure, for callers to return.
static LogicalResult report(const runtime::Error &error) {
  llvm::WithColor::error() << error.message() << "\n";
  return failure();
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

/// Name and type of an argument or result of @main. Tensors without a name in
/// the source are called by role and number.
static FailureOr<TensorSpec> describe(func::FuncOp function, Type type,
                                      StringAttr name, StringRef role,
                                      unsigned i) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<NpyElementType> elementType =
      getTensorElementType(getElementTypeOrSelf(type));
  if (!tensor || !elementType)
    return function.emitError() << role << " " << i << " is " << type
                                << " but must be a tensor of numbers or codes";
  TensorSpec spec{
      name ? name.str() : (role + Twine(i)).str(), *elementType, {}};
  for (auto [dim, size] : llvm::enumerate(tensor.getShape())) {
    if (ShapedType::isDynamic(size) && dim != 0)
      return function.emitError()
             << role << " '" << spec.name << "' is " << type
             << " but only its first size may be dynamic";
    spec.shape.push_back(ShapedType::isDynamic(size) ? -1 : size);
  }
  return spec;
}

/// Describes all inputs and outputs of @main.
static LogicalResult describe(ModuleOp module, TensorGroup &inputs,
                              TensorGroup &outputs) {
  constexpr StringLiteral nameAttr = "dorefa.name";
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return module.emitError("has no function @main to run");
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto name = function.getArgAttrOfType<StringAttr>(i, nameAttr);
    FailureOr<TensorSpec> spec = describe(function, type, name, "input", i);
    if (failed(spec))
      return failure();
    inputs.tensors.push_back(*spec);
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    auto name =
        dyn_cast_or_null<StringAttr>(function.getResultAttr(i, nameAttr));
    FailureOr<TensorSpec> spec = describe(function, type, name, "output", i);
    if (failed(spec))
      return failure();
    outputs.tensors.push_back(*spec);
  }
  return success();
}

/// Element `index` of an array, as text.
static std::string formatElement(const Tensor &tensor, size_t index) {
  auto read = [&](auto zero) {
    std::memcpy(&zero,
                static_cast<const char *>(tensor.bytes.data()) +
                    index * sizeof(zero),
                sizeof(zero));
    return zero;
  };
  std::string text;
  llvm::raw_string_ostream os(text);
  switch (tensor.elementType) {
  case NpyElementType::Bool:
  case NpyElementType::U8:
    os << unsigned(read(uint8_t()));
    break;
  case NpyElementType::I8:
    os << int(read(int8_t()));
    break;
  case NpyElementType::I16:
    os << read(int16_t());
    break;
  case NpyElementType::U16:
    os << read(uint16_t());
    break;
  case NpyElementType::I32:
    os << read(int32_t());
    break;
  case NpyElementType::U32:
    os << read(uint32_t());
    break;
  case NpyElementType::I64:
    os << read(int64_t());
    break;
  case NpyElementType::U64:
    os << read(uint64_t());
    break;
  case NpyElementType::F32:
    os << llvm::format("%.9g", double(read(float())));
    break;
  case NpyElementType::F64:
    os << llvm::format("%.17g", read(double()));
    break;
  }
  return text;
}

/// Prints the elements from `index` on that have this shape, as nested lists.
static void printElements(const Tensor &tensor, ArrayRef<int64_t> shape,
                          size_t &index) {
  if (shape.empty()) {
    llvm::outs() << formatElement(tensor, index++);
    return;
  }
  llvm::outs() << '[';
  for (int64_t i = 0; i < shape.front(); ++i) {
    if (i > 0)
      llvm::outs() << ", ";
    printElements(tensor, shape.drop_front(), index);
  }
  llvm::outs() << ']';
}

static void printOutputs(const TensorGroup &group, ArrayRef<Tensor> outputs) {
  for (auto [spec, output] : llvm::zip_equal(group.tensors, outputs)) {
    llvm::outs() << spec.name << ": ";
    size_t index = 0;
    printElements(output, output.shape, index);
    llvm::outs() << '\n';
  }
  llvm::outs().flush();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Runs the network; success where all comparisons found equal values. All that
/// can be wrong about files is found before the run, and files are written
/// after it.
static LogicalResult run(ModuleOp module, const InterpretOptions &options) {
  TensorGroup inputGroup{"input", {}}, outputGroup{"output", {}};
  if (failed(describe(module, inputGroup, outputGroup)))
    return failure();
  if (options.list) {
    printTensors(inputGroup, outputGroup);
    return success();
  }
  auto inputPaths = matchFiles(inputGroup, "--input", options.inputs);
  if (!inputPaths)
    return report(inputPaths.takeError());
  auto outputPaths = matchFiles(outputGroup, "--output", options.outputs);
  if (!outputPaths)
    return report(outputPaths.takeError());
  auto expectedPaths = matchFiles(outputGroup, "--expect", options.expected);
  if (!expectedPaths)
    return report(expectedPaths.takeError());
  auto inputs = readInputs(inputGroup, *inputPaths);
  if (!inputs)
    return report(inputs.takeError());
  auto expected = readExpected(outputGroup, *expectedPaths, inputs->batch);
  if (!expected)
    return report(expected.takeError());

  Trace trace;
  auto record = [&](OpResult result, const Tensor &value) {
    trace.record(result, value);
  };
  std::vector<Tensor> outputs;
  if (failed(interpret(module, std::move(inputs->arrays), outputs,
                       options.trace.empty() ? TraceFn() : record)))
    return failure();
  if (!options.trace.empty())
    if (runtime::Error error = trace.write(options.trace))
      return report(error);
  if (runtime::Error error = writeArrays(outputs, *outputPaths))
    return report(error);
  if (options.print)
    printOutputs(outputGroup, outputs);
  return success(
      printComparisons(outputGroup, outputs, *expected, options.tolerance));
}

int main(int argc, char **argv) {
  std::optional<InterpretOptions> options = parseCommandLine(argc, argv);
  if (!options)
    return 1;
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(context);
  OwningOpRef<ModuleOp> module = loadModel(options->model, context);
  if (!module ||
      (options->phase &&
       failed(runToPhase(*module, *options->phase, options->pipeline))))
    return 1;
  return succeeded(run(*module, *options)) ? 0 : 1;
}
