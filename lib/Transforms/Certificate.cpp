//===- Certificate.cpp - How fused thresholds were checked ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Certificate.h"

namespace mlir::dorefa {

static constexpr StringLiteral kAttr = "dorefa.certificate";

StringRef stringifyVerifyThresholds(VerifyThresholds verify) {
  return verify == VerifyThresholds::Exhaustive ? "exhaustive" : "certificate";
}

void Certificate::attachTo(Operation *op) const {
  Builder builder(op->getContext());
  NamedAttribute entries[] = {
      builder.getNamedAttr("evaluations",
                           builder.getI64IntegerAttr(numEvaluations)),
      builder.getNamedAttr("thresholds", builder.getI64IntegerAttr(numThresholds)),
      builder.getNamedAttr(
          "verify", builder.getStringAttr(stringifyVerifyThresholds(verify)))};
  op->setAttr(kAttr, builder.getDictionaryAttr(entries));
}

std::optional<Certificate> Certificate::of(Operation *op) {
  auto dictionary = op->getAttrOfType<DictionaryAttr>(kAttr);
  if (!dictionary)
    return std::nullopt;
  auto verify = dictionary.getAs<StringAttr>("verify");
  auto thresholds = dictionary.getAs<IntegerAttr>("thresholds");
  auto evaluations = dictionary.getAs<IntegerAttr>("evaluations");
  if (!verify || !thresholds || !evaluations ||
      !thresholds.getType().isInteger(64) || !evaluations.getType().isInteger(64))
    return std::nullopt;
  bool exhaustive =
      verify == stringifyVerifyThresholds(VerifyThresholds::Exhaustive);
  return Certificate{exhaustive ? VerifyThresholds::Exhaustive
                                : VerifyThresholds::Certificate,
                     thresholds.getInt(), evaluations.getInt()};
}

} // namespace mlir::dorefa
