//===- Npy.cpp - NumPy array files ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dorefa/Runtime/Npy.h"
#include "dorefa/Runtime/File.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <string_view>

using namespace mlir::dorefa::runtime;

// Elements are copied between file and memory as they are.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the runtime needs a little-endian host");

static constexpr std::string_view magic("\x93NUMPY", 6);

/// Longer headers belong to structured types; NumPy itself stops at 10,000.
static constexpr uint64_t maxHeaderSize = 65536;

/// NumPy 2 allows no more dimensions.
static constexpr size_t maxRank = 64;

namespace {
/// How a type is named in files and in messages.
struct TypeInfo {
  NpyElementType type;
  /// Kind and bytes, as in the 'descr' of the header.
  const char *code;
  const char *name;
  size_t size;
};
} // namespace

static constexpr TypeInfo typeInfos[] = {
    {NpyElementType::Bool, "b1", "bool", 1},
    {NpyElementType::I8, "i1", "int8", 1},
    {NpyElementType::U8, "u1", "uint8", 1},
    {NpyElementType::I16, "i2", "int16", 2},
    {NpyElementType::U16, "u2", "uint16", 2},
    {NpyElementType::I32, "i4", "int32", 4},
    {NpyElementType::U32, "u4", "uint32", 4},
    {NpyElementType::I64, "i8", "int64", 8},
    {NpyElementType::U64, "u8", "uint64", 8},
    {NpyElementType::F32, "f4", "float32", 4},
    {NpyElementType::F64, "f8", "float64", 8},
};

static const TypeInfo &getTypeInfo(NpyElementType type) {
  return typeInfos[static_cast<size_t>(type)];
}

size_t mlir::dorefa::runtime::getElementSize(NpyElementType type) {
  return getTypeInfo(type).size;
}

const char *mlir::dorefa::runtime::getElementTypeName(NpyElementType type) {
  return getTypeInfo(type).name;
}

std::string mlir::dorefa::runtime::toString(const std::vector<int64_t> &shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text += shape[i] == -1 ? "batch" : std::to_string(shape[i]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::string mlir::dorefa::runtime::toString(NpyElementType type,
                                            const std::vector<int64_t> &shape) {
  return std::string(getElementTypeName(type)) + " " + toString(shape);
}

std::optional<size_t>
mlir::dorefa::runtime::getNumBytes(NpyElementType type,
                                   const std::vector<int64_t> &shape) {
  auto numBytes = static_cast<int64_t>(getElementSize(type));
  for (int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(numBytes, size, &numBytes))
      return std::nullopt;
  return static_cast<size_t>(numBytes);
}

Expected<NpyArray> NpyArray::allocate(NpyElementType type,
                                      std::vector<int64_t> shape) {
  std::optional<size_t> numBytes = getNumBytes(type, shape);
  if (!numBytes)
    return Error("an array of " + toString(type, shape) + " is too large");
  Expected<Buffer> bytes = Buffer::allocate(*numBytes);
  if (!bytes)
    return bytes.takeError();
  return NpyArray{type, std::move(shape), std::move(*bytes)};
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

/// Text from a file, made fit for a message: short, printable, in quotes.
static std::string quote(std::string_view text) {
  constexpr size_t maxLength = 32;
  std::string result = "'";
  for (char c : text.substr(0, maxLength))
    result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > maxLength ? "...'" : "'");
}

/// A type by the 'descr' of a header, such as "<f4".
static Expected<NpyElementType> parseType(std::string_view descr) {
  if (descr.size() >= 2 && descr[1] == 'O')
    return Error("array holds Python objects but must hold numbers; convert it "
                 "with .astype(\"float32\")");
  for (const TypeInfo &info : typeInfos) {
    if (descr.empty() || descr.substr(1) != info.code)
      continue;
    if (info.size == 1 || descr[0] == '<')
      return info.type;
    if (descr[0] == '>')
      return Error("array is big-endian " + std::string(info.name) +
                   " but must be little-endian; convert it with .astype(\"<" +
                   info.code + "\")");
  }
  return Error("array has element type " + quote(descr) +
               " but must have float32, float64, bool or an integer type; "
               "convert it with .astype(\"float32\")");
}

namespace {
/// What the header of a file says.
struct Header {
  std::optional<NpyElementType> elementType;
  std::optional<bool> fortranOrder;
  std::optional<std::vector<int64_t>> shape;
};

/// Parses the header, a Python dict of three known keys:
///     {'descr': '<f4', 'fortran_order': False, 'shape': (10, 3), }
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : rest(text) {}

  Expected<Header> parse();

private:
  /// One `key: value`.
  Error parseEntry(Header &header);
  Error parseElementType(Header &header);
  Error parseFortranOrder(Header &header);
  Error parseShape(Header &header);
  Expected<int64_t> parseSize();
  Expected<std::string_view> parseString();

  /// The error that `what` should stand where the parser is.
  Error expected(const char *what) const {
    return Error(std::string("header is damaged: expected ") + what +
                 " but found " + (rest.empty() ? "its end" : quote(rest)));
  }

  void skipSpace() {
    rest.remove_prefix(
        std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  }

  /// Whether `token` comes next, which is then consumed.
  bool consume(std::string_view token) {
    skipSpace();
    if (rest.substr(0, token.size()) != token)
      return false;
    rest.remove_prefix(token.size());
    return true;
  }

  std::string_view rest;
};
} // namespace

Expected<std::string_view> HeaderParser::parseString() {
  char delimiter = consume("'") ? '\'' : '"';
  if (delimiter == '"' && !consume("\""))
    return expected("a string");
  size_t length = rest.find(delimiter);
  if (length == std::string_view::npos)
    return expected("a string that ends");
  std::string_view text = rest.substr(0, length);
  rest.remove_prefix(length + 1);
  return text;
}

Expected<int64_t> HeaderParser::parseSize() {
  if (consume("-"))
    return Error("shape has a negative size but sizes must be 0 or more");
  int64_t size = 0;
  if (rest.empty() || rest[0] < '0' || rest[0] > '9')
    return expected("a size");
  for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9';
       rest.remove_prefix(1))
    if (__builtin_mul_overflow(size, 10, &size) ||
        __builtin_add_overflow(size, rest[0] - '0', &size))
      return Error("shape has a size that does not fit into 63 bits");
  // Python 2 wrote long integers so.
  consume("L");
  return size;
}

Error HeaderParser::parseElementType(Header &header) {
  skipSpace();
  if (!rest.empty() && rest[0] == '[')
    return Error(
        "array has a structured type but must hold plain numbers; save "
        "one field of it");
  Expected<std::string_view> descr = parseString();
  if (!descr)
    return descr.takeError();
  Expected<NpyElementType> type = parseType(*descr);
  if (!type)
    return type.takeError();
  header.elementType = *type;
  return Error::success();
}

Error HeaderParser::parseFortranOrder(Header &header) {
  if (consume("True"))
    header.fortranOrder = true;
  else if (consume("False"))
    header.fortranOrder = false;
  else
    return expected("True or False");
  return Error::success();
}

Error HeaderParser::parseShape(Header &header) {
  if (!consume("("))
    return expected("a shape in parentheses");
  std::vector<int64_t> shape;
  while (!consume(")")) {
    if (shape.size() == maxRank)
      return Error("shape has more than " + std::to_string(maxRank) + " sizes");
    Expected<int64_t> size = parseSize();
    if (!size)
      return size.takeError();
    shape.push_back(*size);
    if (consume(","))
      continue;
    if (!consume(")"))
      return expected("',' or ')'");
    break;
  }
  header.shape = std::move(shape);
  return Error::success();
}

Error HeaderParser::parseEntry(Header &header) {
  Expected<std::string_view> key = parseString();
  if (!key)
    return key.takeError();
  if (!consume(":"))
    return expected("':'");
  if (*key == "descr" && !header.elementType)
    return parseElementType(header);
  if (*key == "fortran_order" && !header.fortranOrder)
    return parseFortranOrder(header);
  if (*key == "shape" && !header.shape)
    return parseShape(header);
  return Error("header is damaged: key " + quote(*key) +
               " is unknown or stands twice");
}

Expected<Header> HeaderParser::parse() {
  if (!consume("{"))
    return expected("'{'");
  Header header;
  while (!consume("}")) {
    if (Error error = parseEntry(header))
      return error;
    if (consume(","))
      continue;
    if (!consume("}"))
      return expected("',' or '}'");
    break;
  }
  skipSpace();
  if (!rest.empty())
    return expected("its end");
  if (!header.elementType || !header.fortranOrder || !header.shape)
    return Error("header is damaged: it must have the keys 'descr', "
                 "'fortran_order' and 'shape'");
  return header;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Reads the start of the file: `headerOffset` and `headerSize` in bytes.
static Error readPreamble(const InputFile &file, uint64_t &headerOffset,
                          uint64_t &headerSize) {
  unsigned char preamble[12] = {};
  size_t size = std::min<uint64_t>(file.size(), sizeof(preamble));
  if (Error error = file.read(0, preamble, size))
    return error;
  std::string_view start(reinterpret_cast<const char *>(preamble), size);
  if (start.substr(0, 2) == "PK")
    return Error(
        "is an .npz archive but must be a .npy file; save one array of "
        "it with numpy.save");
  if (start.substr(0, magic.size()) != magic)
    return Error(size == 0
                     ? "is empty but must be a .npy file"
                     : "is not a .npy file; save the array with numpy.save");
  int major = preamble[6], minor = preamble[7];
  headerOffset = major == 1 ? 10 : 12;
  if (file.size() < headerOffset)
    return Error("is truncated: it has " + std::to_string(file.size()) +
                 " bytes and no header");
  if (major < 1 || major > 3 || minor != 0)
    return Error("has format version " + std::to_string(major) + "." +
                 std::to_string(minor) + " but must have 1.0, 2.0 or 3.0");
  headerSize = preamble[8] | preamble[9] << 8;
  if (major > 1)
    headerSize |= static_cast<uint64_t>(preamble[10]) << 16 |
                  static_cast<uint64_t>(preamble[11]) << 24;
  if (headerSize > maxHeaderSize)
    return Error("has a header of " + std::to_string(headerSize) +
                 " bytes but a plain array has at most " +
                 std::to_string(maxHeaderSize));
  if (headerSize > file.size() - headerOffset)
    return Error("is truncated: its header has " + std::to_string(headerSize) +
                 " bytes but " + std::to_string(file.size() - headerOffset) +
                 " follow");
  return Error::success();
}

/// Checks that `header` is supported and wants exactly `available` bytes.
static Error checkHeader(const Header &header, uint64_t available) {
  if (*header.fortranOrder)
    return Error(
        "array is in Fortran order but must be in C order; save it with "
        "numpy.ascontiguousarray");
  std::string array = toString(*header.elementType, *header.shape);
  std::optional<size_t> required =
      getNumBytes(*header.elementType, *header.shape);
  if (!required)
    return Error("array is " + array + ", which no memory can hold");
  if (*required == available)
    return Error::success();
  return Error("array is " + array + " and must have " +
               std::to_string(*required) + " bytes after the header but " +
               std::to_string(available) + " follow; the file is " +
               (*required > available ? "truncated" : "longer than one array"));
}

static Expected<NpyArray> readArray(const std::string &path) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  uint64_t headerOffset = 0, headerSize = 0;
  if (Error error = readPreamble(*file, headerOffset, headerSize))
    return error;
  std::string text(headerSize, '\0');
  if (Error error = file->read(headerOffset, text.data(), text.size()))
    return error;
  Expected<Header> header = HeaderParser(text).parse();
  if (!header)
    return header.takeError();
  uint64_t dataOffset = headerOffset + headerSize;
  if (Error error = checkHeader(*header, file->size() - dataOffset))
    return error;
  Expected<NpyArray> array =
      NpyArray::allocate(*header->elementType, std::move(*header->shape));
  if (!array)
    return array;
  if (Error error =
          file->read(dataOffset, array->bytes.data(), array->bytes.size()))
    return error;
  return array;
}

Expected<NpyArray> mlir::dorefa::runtime::readNpy(const std::string &path) {
  Expected<NpyArray> array = readArray(path);
  if (!array)
    return array.takeError().at(path);
  return array;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

std::string mlir::dorefa::runtime::makeNpyHeader(const NpyView &array) {
  const TypeInfo &info = getTypeInfo(array.elementType);
  std::string text =
      std::string("{'descr': '") + (info.size == 1 ? "|" : "<") + info.code +
      "', 'fortran_order': False, 'shape': " + toString(array.shape) + ", }";
  // The elements start at a multiple of 64, for those who map the file.
  constexpr size_t preambleSize = 10, alignment = 64;
  size_t size = preambleSize + text.size() + 1;
  text.append((alignment - size % alignment) % alignment, ' ');
  text += '\n';
  std::string header(magic);
  header += {'\1', '\0', static_cast<char>(text.size() & 0xff),
             static_cast<char>(text.size() >> 8)};
  return header + text;
}

Error mlir::dorefa::runtime::writeNpy(const std::string &path,
                                      const NpyView &array) {
  std::optional<size_t> numBytes = getNumBytes(array.elementType, array.shape);
  if (!numBytes || array.shape.size() > maxRank)
    return Error(path + ": cannot hold an array of " +
                 toString(array.elementType, array.shape));
  std::string header = makeNpyHeader(array);
  return writeFile(path,
                   {{header.data(), header.size()}, {array.data, *numBytes}})
      .at(path);
}
