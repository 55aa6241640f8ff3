//===- SourceName.h - Names that locations carry ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_TRANSFORMS_SOURCENAME_H
#define DOREFA_LIB_TRANSFORMS_SOURCENAME_H

#include "mlir/IR/Location.h"

namespace mlir::dorefa {

/// The first name in `loc`, empty where there is none.
inline StringRef findName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = findName(part); !name.empty())
        return name;
  return {};
}

} // namespace mlir::dorefa

#endif // DOREFA_LIB_TRANSFORMS_SOURCENAME_H
