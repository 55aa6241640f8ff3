//===- Diagnostics.cpp - How diagnostics reach a user ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Pipelines/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;

/// Appends the file position in `loc` and the names around it, outermost first.
static void collect(Location loc, std::string &file,
                    SmallVectorImpl<StringRef> &names) {
  llvm::TypeSwitch<LocationAttr>(loc)
      .Case([&](FileLineColLoc position) {
        if (!file.empty())
          return;
        llvm::raw_string_ostream os(file);
        os << position.getFilename().getValue();
        if (position.getLine())
          os << ':' << position.getLine() << ':' << position.getColumn();
      })
      .Case([&](NameLoc name) {
        if (!llvm::is_contained(names, name.getName().getValue()))
          names.push_back(name.getName());
        collect(name.getChildLoc(), file, names);
      })
      .Case([&](FusedLoc fused) {
        for (Location part : fused.getLocations())
          collect(part, file, names);
      })
      .Case([&](CallSiteLoc call) { collect(call.getCallee(), file, names); });
}

std::string dorefa::describeLocation(Location loc) {
  std::string text;
  SmallVector<StringRef> names;
  collect(loc, text, names);
  for (StringRef name : names)
    text += (text.empty() ? "'" : ": '") + name.str() + "'";
  return text;
}

StringRef dorefa::getSourceName(Location loc) {
  std::string file;
  SmallVector<StringRef> names;
  collect(loc, file, names);
  return names.empty() ? StringRef() : names.front();
}

static void print(Diagnostic &diagnostic) {
  llvm::raw_ostream &os = llvm::errs();
  std::string location = describeLocation(diagnostic.getLocation());
  if (!location.empty())
    os << location << ": ";
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Note:
    llvm::WithColor::note(os);
    break;
  case DiagnosticSeverity::Warning:
    llvm::WithColor::warning(os);
    break;
  case DiagnosticSeverity::Error:
    llvm::WithColor::error(os);
    break;
  case DiagnosticSeverity::Remark:
    llvm::WithColor::remark(os);
    break;
  }
  os << diagnostic.str() << '\n';
  for (Diagnostic &note : diagnostic.getNotes())
    print(note);
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext &context)
    : ScopedDiagnosticHandler(&context, [](Diagnostic &diagnostic) {
        print(diagnostic);
        return success();
      }) {}
