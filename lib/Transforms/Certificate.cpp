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
  // What was checked: thresholds, or the entries of a table.
  NamedAttribute entries[] = {
      builder.getNamedAttr("evaluations",
                           builder.getI64IntegerAttr(numEvaluations)),
      numEntries ? builder.getNamedAttr("entries", builder.getI64IntegerAttr(numEntries))
                 : builder.getNamedAttr("thresholds",
                                        builder.getI64IntegerAttr(numThresholds)),
      builder.getNamedAttr(
          "verify", builder.getStringAttr(stringifyVerifyThresholds(verify)))};
  op->setAttr(kAttr, builder.getDictionaryAttr(entries));
}

std::optional<Certificate> Certificate::of(Operation *op) {
  auto dictionary = op->getAttrOfType<DictionaryAttr>(kAttr);
  if (!dictionary)
    return std::nullopt;
  auto verify = dictionary.getAs<StringAttr>("verify");
  auto count = [&](StringRef name) -> std::optional<int64_t> {
    auto number = dictionary.getAs<IntegerAttr>(name);
    if (!number || !number.getType().isInteger(64))
      return std::nullopt;
    return number.getInt();
  };
  std::optional<int64_t> thresholds = count("thresholds"), entries = count("entries"),
                         evaluations = count("evaluations");
  if (!verify || !evaluations || (!thresholds && !entries))
    return std::nullopt;
  bool exhaustive =
      verify == stringifyVerifyThresholds(VerifyThresholds::Exhaustive);
  return Certificate{exhaustive ? VerifyThresholds::Exhaustive
                                : VerifyThresholds::Certificate,
                     thresholds.value_or(0), entries.value_or(0), *evaluations};
}

} // namespace mlir::dorefa
