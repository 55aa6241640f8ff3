//===- Registers.cpp - Configuration registers of a layer -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutineBuilder.h"

using namespace mlir;
using namespace mlir::bpa;

/// Of a pixel, in lanes.
static constexpr int64_t maxPitch = 16383;

/// A register keeps its value: only changes are written.
void RoutineBuilder::addInstruction(const Instruction &instruction,
                                    StringRef symbol) {
  const InstructionInfo &info = instruction.getInfo();
  if (info.number >= 0) {
    auto [entry, isNew] = registers.try_emplace(
        static_cast<unsigned>(instruction.op), instruction);
    auto values = ArrayRef(instruction.values, info.numFields);
    if (!isNew && values == ArrayRef(entry->second.values, info.numFields))
      return;
    entry->second = instruction;
  }
  createInstruction(builder, layer().op->getLoc(), instruction, symbol);
}

void RoutineBuilder::configureWindow(const BandPlan &band, int64_t firstLane,
                                     int64_t lanes) {
  ConfigureInput input;
  input.base = band.from.base + firstLane;
  // There is no next pixel, and large maps have one.
  input.pixel =
      from().shape.width == 1 && from().pixel > maxPitch ? 0 : from().pixel;
  input.row = from().getRow();
  input.plane = band.from.plane;
  input.image = band.samples > 1 ? band.from.image : 0;
  add(input);
  ConfigureWindow window;
  window.lanes = lanes;
  window.planes = from().shape.bits;
  window.valid = layer().validPlanes;
  window.pad = layer().padCode;
  window.kh = layer().window.kernel[0];
  window.kw = layer().window.kernel[1];
  window.sy = layer().window.strides[0];
  window.sx = layer().window.strides[1];
  window.dy = layer().window.dilations[0];
  window.dx = layer().window.dilations[1];
  window.py = layer().window.pads[0];
  window.px = layer().window.pads[1];
  add(window);
  ConfigureExtent extent;
  extent.h = from().shape.height;
  extent.w = from().shape.width;
  extent.oh = layer().to.height;
  extent.ow = layer().to.width;
  extent.first_row = band.input.first;
  add(extent);
}

static int64_t packDigits(ArrayRef<bitplane::PlaneTerm> terms) {
  int64_t digits = 0;
  for (auto [i, term] : llvm::enumerate(terms))
    digits |= int64_t(term.exponent) << (4 * i);
  return digits;
}

static int64_t packSigns(ArrayRef<bitplane::PlaneTerm> terms) {
  int64_t signs = 0;
  for (auto [i, term] : llvm::enumerate(terms))
    signs |= int64_t(term.negative) << i;
  return signs;
}

void RoutineBuilder::configurePlanes() {
  ConfigurePlanes planes;
  planes.aplanes = layer().inputTerms.size();
  planes.ashift = packDigits(layer().inputTerms);
  planes.anegate = packSigns(layer().inputTerms);
  planes.wplanes = layer().weightTerms.size();
  planes.wshift = packDigits(layer().weightTerms);
  planes.wnegate = packSigns(layer().weightTerms);
  planes.rowsum = layer().rowSum;
  add(planes);
}

void RoutineBuilder::configureResult(const BandPlan &band) {
  ConfigureResult result;
  if (layer().isRaw()) {
    result.mode = static_cast<int64_t>(ConfigureResultMode::Raw32);
    result.pixel = getRawPixelBytes(layer(), machine) / instructionBytes;
  } else {
    result.bits = layer().levels.bits;
    result.first = layer().levels.first;
    result.pixel = to().pixel;
    result.plane = band.to.plane;
  }
  add(result);
}
