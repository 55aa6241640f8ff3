//===- Signature.cpp - Inputs and outputs of a network --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Signature.h"
#include "dorefa/Dialect/DoReFa/Constants.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::dorefa;

bool Signature::hasBatch() const {
  return llvm::any_of(
      llvm::concat<const TensorInfo>(inputs, outputs),
      [](const TensorInfo &info) { return !info.type.hasStaticShape(); });
}

/// Reads one of `dorefa.inputs` and `dorefa.outputs`.
static LogicalResult readTensors(ModuleOp module, StringRef attribute,
                                 SmallVectorImpl<TensorInfo> &tensors) {
  auto entries = module->getAttrOfType<ArrayAttr>(attribute);
  if (!entries)
    return emitError(module.getLoc())
           << "module has no attribute '" << attribute
           << "', which dorefa-return-through-arguments sets";
  for (Attribute entry : entries) {
    auto fields = dyn_cast<DictionaryAttr>(entry);
    auto name = fields ? fields.getAs<StringAttr>("name") : nullptr;
    auto type = fields ? fields.getAs<TypeAttr>("type") : nullptr;
    auto tensor = type ? dyn_cast<RankedTensorType>(type.getValue()) : nullptr;
    if (!name || !tensor)
      return emitError(module.getLoc())
             << "'" << attribute
             << "' must hold dictionaries of name and tensor type";
    tensors.push_back({name.str(), tensor});
  }
  return success();
}

static LogicalResult readLayers(ModuleOp module,
                                SmallVectorImpl<LayerInfo> &layers) {
  // No attribute before the pass that sets it: no layers are marked then.
  auto entries = module->getAttrOfType<ArrayAttr>("dorefa.layers");
  if (!entries)
    return success();
  for (Attribute entry : entries) {
    auto fields = dyn_cast<DictionaryAttr>(entry);
    auto text = [&](StringRef key) {
      return fields ? fields.getAs<StringAttr>(key) : nullptr;
    };
    auto number = [&](StringRef key) {
      return fields ? fields.getAs<IntegerAttr>(key) : nullptr;
    };
    if (!text("name") || !text("operation") || !text("kernel") ||
        !number("macs") || !number("predicted_ns"))
      return emitError(module.getLoc(),
                       "'dorefa.layers' must hold what dorefa-mark-layers "
                       "writes");
    layers.push_back({text("name").str(), text("operation").str(),
                      text("kernel").str(), number("macs").getInt(),
                      number("predicted_ns").getInt()});
  }
  return success();
}

/// Name of the network: its symbol, else the file that it came from.
static std::string getNetworkName(ModuleOp module) {
  if (std::optional<StringRef> name = module.getSymName())
    return name->str();
  std::string name = "network";
  module.getLoc()->walk([&](Location loc) {
    StringRef text;
    if (auto file = dyn_cast<FileLineColLoc>(loc))
      text = file.getFilename();
    else if (auto named = dyn_cast<NameLoc>(loc))
      text = named.getName();
    if (text.empty())
      return WalkResult::advance();
    name = llvm::sys::path::stem(text).str();
    return WalkResult::interrupt();
  });
  return name;
}

FailureOr<Signature> dorefa::readSignature(ModuleOp module) {
  Signature signature;
  signature.name = getNetworkName(module);
  if (failed(readTensors(module, "dorefa.inputs", signature.inputs)) ||
      failed(readTensors(module, "dorefa.outputs", signature.outputs)) ||
      failed(readLayers(module, signature.layers)))
    return failure();
  auto workspace = module->getAttrOfType<DenseI64ArrayAttr>("dorefa.workspace");
  if (!workspace || workspace.size() != 2)
    return emitError(module.getLoc(),
                     "module has no attribute 'dorefa.workspace' of two "
                     "numbers, which dorefa-plan-workspace sets");
  signature.workspacePerSample = workspace[0];
  signature.workspaceFixed = workspace[1];
  if (auto program = module->getAttrOfType<ElementsAttr>("dorefa.device_program"))
    signature.deviceProgram = readElements<uint8_t>(program);
  return signature;
}
