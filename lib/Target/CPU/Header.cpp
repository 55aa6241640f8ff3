//===- Header.cpp - The C header of a compiled network --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Header.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;

/// `text` in upper case, with an underscore for what C does not allow in a
/// name.
static std::string toMacro(StringRef text) {
  std::string name = text.upper();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name;
}

/// Text for a C comment.
static std::string toComment(StringRef text) {
  std::string comment;
  for (char c : text)
    comment += llvm::isPrint(c) && c != '*' && c != '\\' ? c : '?';
  return comment;
}

static StringRef getCType(Type type) {
  if (type.isF32())
    return "float";
  if (type.isInteger(8))
    return type.isUnsignedInteger() ? "uint8_t" : "int8_t";
  return type.isInteger(32) ? "int32_t" : "int64_t";
}

/// Position and size of each tensor of `kind`, INPUT or OUTPUT.
static void printTensors(raw_ostream &os, StringRef prefix, StringRef kind,
                         ArrayRef<TensorInfo> tensors) {
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    int64_t elements = 1;
    std::string shape;
    for (int64_t size : tensor.type.getShape()) {
      if (!shape.empty())
        shape += " x ";
      shape += ShapedType::isDynamic(size) ? "batch" : std::to_string(size);
      elements *= ShapedType::isDynamic(size) ? 1 : size;
    }
    os << "\n/* " << toComment(tensor.name) << ": "
       << getCType(tensor.type.getElementType()) << (shape.empty() ? "" : ", ")
       << shape << " */\n";
    os << "#define " << prefix << "_" << kind << index << "_ELEMENTS";
    if (tensor.type.hasStaticShape())
      os << " " << elements << "\n";
    else
      os << "(batch) (INT64_C(" << elements << ") * (batch))\n";
    os << "#define " << prefix << "_" << kind << "_" << toMacro(tensor.name)
       << " " << index << "\n";
  }
}

std::string dorefa::formatHeader(const Signature &signature,
                                 StringRef symbolPrefix) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string prefix = toMacro(symbolPrefix);
  os << "/* Network " << toComment(signature.name)
     << ", compiled by dorefa-compile. */\n\n"
     << "#ifndef " << prefix << "_H\n#define " << prefix << "_H\n\n"
     << "#include \"dorefa-c/Model.h\"\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << "int32_t " << symbolPrefix
     << "_open(uint32_t abi_version, const dorefa_model **model);\n\n"
     << "#ifdef __cplusplus\n}\n#endif\n\n"
     << "#define " << prefix << "_NUM_INPUTS " << signature.inputs.size()
     << "\n"
     << "#define " << prefix << "_NUM_OUTPUTS " << signature.outputs.size()
     << "\n";
  printTensors(os, prefix, "INPUT", signature.inputs);
  printTensors(os, prefix, "OUTPUT", signature.outputs);
  os << "\n#endif /* " << prefix << "_H */\n";
  return text;
}
